/** A person from `wardgate users add` to the page: the commands and the gateway are processes of their own. */

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { readFileSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { tempDir } from '../support/temp-dir.ts'
import { startWardgate, type Running } from '../support/wardgate-cli.ts'

const RIGHT = 'correct horse battery'
const WRONG = 'incorrect horse battery'

let dir: ReturnType<typeof tempDir>
let state: string
let gateway: Running | undefined
beforeEach(() => {
  dir = tempDir()
  state = join(dir.path, 'state')
})
afterEach(async () => {
  gateway?.child.kill('SIGTERM')
  await gateway?.finished
  dir.remove()
})

it('a nurse logs in, reads her ward, and is out within two seconds of being locked by another process', async () => {
  await ok(['certs', 'init', '--state', state])
  await ok(['users', 'add', 'anna', '--duty', 'nurse', '--ward', 'icu', '--password-stdin'], `${RIGHT}\n`)
  const config = join(dir.path, 'wardgate.yaml')
  const listen = '[{ host: 127.0.0.1, port: 0 }]'
  writeFileSync(
    config,
    `gateway: gw-1\nstate: ./state\nbroker: { listen: ${listen} }\nweb: { listen: ${listen} }\n`,
  )
  gateway = startWardgate(['run', '--config', config])
  const [, url = ''] = /"url":"(https:[^"]+)"/.exec(await gateway.seen(/"url":"https:/)) ?? []
  const ca = readFileSync(join(state, 'certs/ca.pem'))

  expect(await logIn(url, ca, WRONG)).toEqual({ status: 401, cookie: undefined })
  const { status, cookie } = await logIn(url, ca, RIGHT)
  expect(status).toBe(204)
  const page = await connectAsync(`${url.replace('https', 'wss')}/mqtt`, {
    ca,
    clientId: 'anna',
    protocolVersion: 4,
    reconnectPeriod: 0,
    wsOptions: { ca, headers: { cookie } },
  })
  page.on('error', () => undefined)
  await page.subscribeAsync('vitals/v1/icu/#')
  await expect(page.subscribeAsync('vitals/v1/er/#')).rejects.toThrow()

  let closedAtMs = Infinity
  const closed = new Promise<void>((resolve) => {
    page.once('close', () => {
      closedAtMs = performance.now()
      resolve()
    })
  })
  await ok(['users', 'lock', 'anna'])
  const lockedAtMs = performance.now()
  await closed
  expect(closedAtMs - lockedAtMs).toBeLessThan(2_000)
  page.end(true)
  expect((await logIn(url, ca, RIGHT)).status).toBe(401)

  await gateway.seen(/"reason":"locked"/)
  gateway.child.kill('SIGTERM')
  const { stdout, stderr } = await gateway.finished
  const told =
    stdout +
    stderr +
    readFileSync(join(state, 'users.json'), 'utf8') +
    readFileSync(join(state, 'logins.json'), 'utf8')
  expect(told).toContain('login-refused')
  for (const secret of [RIGHT, WRONG, cookie?.split('=')[1] ?? '?']) expect(told).not.toContain(secret)
}, 120_000)

async function ok(args: readonly string[], stdin = ''): Promise<void> {
  const running = startWardgate([...args, ...(args.includes('--state') ? [] : ['--state', state])])
  running.child.stdin.end(stdin)
  const { code, stderr } = await running.finished
  if (code !== 0) throw new Error(`wardgate ${args.join(' ')} ended with ${code}: ${stderr}`)
}

async function logIn(
  url: string,
  ca: Buffer,
  password: string,
): Promise<{ readonly status: number | undefined; readonly cookie: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const request = httpsRequest(`${url}/api/v1/session`, { ca, method: 'POST', headers }, (response) => {
      response.resume()
      const cookie = response.headers['set-cookie']?.[0]?.split(';', 1)[0]
      response.on('end', () => resolve({ status: response.statusCode, cookie }))
    })
    request.on('error', reject)
    request.end(JSON.stringify({ id: 'anna', password }))
  })
}
