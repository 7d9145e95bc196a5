import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { systemClock, systemUptime } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config/load-config.ts'
import { silentLog } from '../../gateway/log.ts'
import { startGateway, type RunningGateway } from '../../gateway/main.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles, type WardFiles } from '../support/ward.ts'
import { startWardgate, wardgate, type Running } from '../support/wardgate-cli.ts'

const DAY_MS = 86_400_000

let dir: ReturnType<typeof tempDir>
let ward: WardFiles
let gateway: RunningGateway | undefined
let running: Running | undefined

beforeEach(() => {
  dir = tempDir()
  const web = { listen: [{ host: '127.0.0.1', port: 0 }] }
  // Old enough that a certificate which lives 397 days is due.
  const nowMs = Date.now() - 300 * DAY_MS
  ward = makeWardFiles(dir.path, [{ role: 'consumer', id: 'station-1', wards: ['icu'] }], {
    config: { web },
    nowMs,
  })
})
afterEach(async () => {
  running?.child.kill('SIGTERM')
  await running?.finished
  running = undefined
  await gateway?.stop()
  gateway = undefined
  dir.remove()
})

/** The station on a machine of its own, as an enrolment left it so many days ago. */
function stationState(agoDays: number, days?: number): string {
  const state = join(dir.path, 'station')
  const folder = join(state, 'certs/consumer')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const { chainPem } = ward.store.certify({
    role: 'consumer',
    id: 'station-1',
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    nowMs: Date.now() - agoDays * DAY_MS,
    renews: true,
    ...(days === undefined ? {} : { days }),
  })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  writeFileSync(join(folder, 'station-1.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'station-1.pem'), chainPem)
  writeFileSync(join(state, 'certs/ca.pem'), ward.store.serverMaterial().ca)
  return state
}

describe('wardgate watch on a machine without an authority', () => {
  it('renews its certificate over EST while it runs, and goes over to it', async () => {
    gateway = await startGateway(loadConfig(ward.configFile), {
      software: 'test',
      clock: systemClock,
      uptime: systemUptime,
      log: silentLog,
    })
    const state = stationState(290)
    const file = join(state, 'certs/consumer/station-1.pem')
    const before = new X509Certificate(readFileSync(file)).serialNumber
    const broker = `mqtts://127.0.0.1:${gateway.addresses[0]?.port ?? 0}`
    const renewAt = `https://127.0.0.1:${gateway.webAddresses[0]?.port ?? 0}`
    const where = ['--state', state, '--broker', broker, '--renew-at', renewAt]
    running = startWardgate(['watch', '--ward', 'icu', ...where])
    await running.seen(/certificate-renewed role=consumer id=station-1/)
    await running.seen(/certificate-in-use|online, TLSv1.3/)
    expect(new X509Certificate(readFileSync(file)).serialNumber).not.toBe(before)
  })

  it('says what to do, and ends, when its certificate has ended', async () => {
    const state = stationState(20, 10)
    const ended = await wardgate(['watch', '--state', state, '--ward', 'icu'])
    expect(ended.code).toBe(78)
    expect(ended.stderr).toMatch(
      /consumer\/station-1 .* is expired .*new code.*wardgate certs enroll consumer station-1/,
    )
  })
})
