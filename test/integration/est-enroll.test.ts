/** `wardgate certs invite`, `enroll` and `approve` against the HTTPS side: from a code to a usable identity. */

import { X509Certificate } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { readMaterial } from '../../certs/client-material.ts'
import { buildCsr } from '../../certs/csr.ts'
import { newKeyPair } from '../../certs/authority.ts'
import { pemBlocks } from '../../certs/pem.ts'
import { layoutOfState } from '../../certs/store-layout.ts'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import { approveCommand } from '../../cli/certs-approve.ts'
import { enrollCommand } from '../../cli/certs-enroll.ts'
import { inviteCommand } from '../../cli/certs-invite.ts'
import { devicesCommand } from '../../cli/devices.ts'
import { systemClock, type Clock } from '../../gateway/clock.ts'
import { createEnrolmentPart, type EnrolmentPart } from '../../gateway/enrolment-part.ts'
import { reenroll } from '../../gateway/uplink/est-client.ts'
import { startWebServer, type WebServer } from '../../gateway/web/web-server.ts'
import { CounterRecord, EventRecord } from '../support/broker-bench.ts'
import { signal } from '../support/event-log.ts'
import { believed } from '../support/fake-time.ts'
import { identifyIn } from '../support/store-identify.ts'
import { runCommand } from '../support/run-command.ts'
import { tempDir } from '../support/temp-dir.ts'

const nowMs = Date.now()
/** What the gateway asks a waiting device to let pass. */
const RETRY_MS = 15_000
const events = new EventRecord()
const gatewayState = tempDir()
let own: ReturnType<typeof tempDir>
let store: CertificateStore
let part: EnrolmentPart
let web: WebServer
let gateway: string
let deviceCount = 0
let id = ''

beforeAll(async () => {
  store = initStore({
    stateDir: gatewayState.path,
    site: 'icu.test',
    serverNames: ['localhost', '127.0.0.1'],
    nowMs,
  })
  const time = believed(systemClock)
  part = createEnrolmentPart({ stateDir: gatewayState.path, store, events, clock: systemClock, time })
  web = await startWebServer({
    listen: [{ host: '127.0.0.1', port: 0 }],
    material: store.serverMaterial(),
    identify: identifyIn(store, time),
    routes: part.routes,
    broker: { accept: () => undefined },
    events,
    counters: new CounterRecord(),
    clock: systemClock,
  })
  gateway = `https://127.0.0.1:${web.addresses[0]?.port ?? 0}`
})
afterAll(async () => {
  await web.stop()
  part.close()
  gatewayState.remove()
})
beforeEach(() => {
  own = tempDir()
  deviceCount += 1
  id = `mon-${deviceCount}`
  events.seen.splice(0)
})
afterEach(() => own.remove())

describe('a device', () => {
  it('is added, enrols by the fingerprint that was shown, and holds a key nobody else has', async () => {
    const shown = await addDevice()
    expect(shown.enrolment.code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/)
    expect(shown.enrolment.command).toBe(
      `wardgate certs enroll device ${id} --gateway https://localhost:8443 --ca-fingerprint ${shown.enrolment.caFingerprint}`,
    )
    const { output, said } = await enroll(shown.enrolment.code, [
      '--ca-fingerprint',
      shown.enrolment.caFingerprint,
    ])
    const material = readMaterial(layoutOfState(own.path), 'device', id)
    expect(material.ca).toBe(store.serverMaterial().ca)
    expect(statSync(material.paths.key).mode & 0o777).toBe(0o600)
    expect(statSync(join(own.path, 'certs')).mode & 0o777).toBe(0o700)
    expect(JSON.parse(output)).toMatchObject({ role: 'device', id, serial: store.list(nowMs).at(-1)?.serial })
    expect(said).toContain(String((await events.first('enrolled'))['keyCheck']))
    expect(output + said).not.toContain(shown.enrolment.code)
  })

  it('renews with the certificate it has, for a new key', async () => {
    const { enrolment } = await addDevice()
    await enroll(enrolment.code, ['--ca', caFile()])
    const material = readMaterial(layoutOfState(own.path), 'device', id)
    const next = newKeyPair()
    const csrDer = buildCsr({ site: 'icu.test', role: 'device', id, ...next })
    const issued = await reenroll({ url: gateway, material, csrDer, clock: systemClock })
    expect(issued.certificate.checkPrivateKey(next.privateKey)).toBe(true)
    expect(issued.chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expect(events.named('renewed')).toHaveLength(1)
  })

  it('that was interrupted goes on with the same key, by the same command', async () => {
    const { enrolment } = await addDevice()
    await expect(enroll('0000-0000-0000-0000', ['--ca', caFile()])).rejects.toThrow(/est-unauthorised/)
    const keyPath = join(own.path, 'certs/device', `${id}.key`)
    const key = readFileSync(keyPath, 'utf8')
    expect(() => readMaterial(layoutOfState(own.path), 'device', id)).toThrow(/there is no certificate/)
    await enroll(enrolment.code, ['--ca', caFile()])
    expect(readFileSync(keyPath, 'utf8')).toBe(key)
  })

  it('whose answer was lost gets the same certificate by the same command', async () => {
    const { enrolment } = await addDevice()
    await enroll(enrolment.code, ['--ca', caFile()])
    const path = join(own.path, 'certs/device', `${id}.pem`)
    const certificate = readFileSync(path, 'utf8')
    rmSync(path)
    await enroll(enrolment.code, [])
    expect(readFileSync(path, 'utf8')).toBe(certificate)
    expect(store.list(nowMs).filter((row) => row.id === id)).toHaveLength(1)
  })

  it('that has a certificate is told so, and nothing is asked', async () => {
    const { enrolment } = await addDevice()
    await enroll(enrolment.code, ['--ca', caFile()])
    events.seen.splice(0)
    expect((await enroll('', ['--ca', caFile()])).output).toContain(`"id":"${id}"`)
    expect(events.seen).toEqual([])
  })

  it('waits until somebody approves it, and shows the same key as the one who does', async () => {
    const { enrolment } = await addDevice(['--approval', 'operator'])
    const { clock, retry } = patientClock()
    const waiting = enroll(enrolment.code, ['--ca', caFile()], clock)
    const requested = await events.first('enrolment-requested')
    const [row] = JSON.parse(await runCommand(approveCommand(), ['--state', gatewayState.path, '--json']))
    expect(row).toMatchObject({ role: 'device', id, keyCheck: requested['keyCheck'] })
    expect(await runCommand(approveCommand(), ['--state', gatewayState.path])).toMatch(/^ROLE +ID +KEY +FROM/)
    await runCommand(approveCommand(), [id, '--state', gatewayState.path])
    await retry()
    expect((await waiting).said).toContain(String(requested['keyCheck']))
    expect(await runCommand(approveCommand(), ['--state', gatewayState.path])).toBe(
      'no request waits for approval\n',
    )
  })

  it('that was rejected hears no', async () => {
    const { enrolment } = await addDevice(['--approval', 'operator'])
    const { clock, retry } = patientClock()
    const waiting = enroll(enrolment.code, ['--ca', caFile()], clock).catch((error: unknown) => String(error))
    await events.first('enrolment-requested')
    await runCommand(approveCommand(), [`device/${id}`, '--reject', '--state', gatewayState.path])
    await retry()
    expect(await waiting).toMatch(/est-unauthorised/)
  })
})

describe('while the authorities roll over', () => {
  const enrolByFingerprint = async (): Promise<string> => {
    const { enrolment } = await addDevice()
    await enroll(enrolment.code, ['--ca-fingerprint', enrolment.caFingerprint])
    const { cert, ca } = readMaterial(layoutOfState(own.path), 'device', id)
    expect(blocksOf(ca)).toEqual(
      blocksOf(
        store
          .authorities()
          .map(({ certificatePem }) => certificatePem)
          .join(''),
      ),
    )
    expect(identifyIn(store, believed(systemClock))(new X509Certificate(cert)).kind).toBe('identified')
    return enrolment.caFingerprint
  }
  const roll = (role: 'issuing-ca' | 'root-ca'): void => {
    store.renewAuthority(role, Date.now())
    web.reload(store.serverMaterial())
  }

  it('the code still comes with the fingerprint that the gateway proves, and the device trusts all of them', async () => {
    const before = await enrolByFingerprint()
    own.remove()
    id = `${id}-2`
    roll('issuing-ca')
    expect(await enrolByFingerprint()).toBe(before)
    own.remove()
    id = `${id}-3`
    roll('root-ca')
    expect(await enrolByFingerprint()).toBe(before)
    own.remove()
    id = `${id}-4`
    roll('issuing-ca')
    store.renew('server', 'server', Date.now())
    web.reload(store.serverMaterial())
    expect(await enrolByFingerprint()).not.toBe(before)
  })
})

describe('devices add', () => {
  it('prints no code where none is wanted or needed', async () => {
    expect(await addDevice(['--no-code'])).not.toHaveProperty('enrolment')
    expect(await addDevice(['--bedside', 'box-1'])).not.toHaveProperty('enrolment')
  })

  it('leaves a device that moved to another bed its certificate, and makes no new code', async () => {
    const { enrolment } = await addDevice()
    await enroll(enrolment.code, ['--ca', caFile()])
    const state = ['--state', gatewayState.path]
    const args = ['add', id, '--ward', 'icu', '--bed', 'b09', '--protocol', 'mqtt', ...state]
    expect(await runCommand(devicesCommand(), args)).toMatch(/keeps its certificate, valid until/)
  })

  it('says what to do first where there is no certificate store', async () => {
    const args = ['add', id, '--ward', 'icu', '--bed', 'b01', '--protocol', 'mqtt', '--state', own.path]
    expect(await runCommand(devicesCommand(), args)).toMatch(/no code: .*wardgate certs init/)
  })

  it('takes no time that is none, and no approval that is none', async () => {
    await expect(addDevice(['--code-for', '200h'])).rejects.toThrow(/up to 7 days/)
    await expect(addDevice(['--approval', 'nobody'])).rejects.toThrow(/code or operator/)
  })
})

describe('certs invite', () => {
  const state = ['--state', gatewayState.path]

  it('makes the code and the inventory row of a station', async () => {
    const output = await runCommand(inviteCommand(), [
      'consumer',
      'station-1',
      '--ward',
      'icu',
      ...state,
      '--json',
    ])
    expect(JSON.parse(output)).toMatchObject({ role: 'consumer', id: 'station-1', approval: 'code' })
    expect(readFileSync(join(gatewayState.path, 'inventory.json'), 'utf8')).toContain('"station-1"')
  })

  it('says in words what to do, and by when', async () => {
    const output = await runCommand(inviteCommand(), [
      'bedside',
      'box-9',
      '--code-for',
      '2h',
      '--approval',
      'operator',
      ...state,
    ])
    expect(output).toMatch(/^code for bedside 'box-9', once, until \S+Z: [0-9A-Z-]{19}\n/)
    expect(output).toContain('wardgate certs enroll bedside box-9 --gateway https://localhost:8443')
    expect(output).toContain('wardgate certs approve bedside/box-9')
  })

  it.each([
    [['server', 'x'], /unknown role/],
    [['bedside', 'X'], /is not an id/],
    [['consumer', 'x'], /needs? .*--ward|without --ward/],
    [['bedside', 'x', '--ward', 'icu'], /--ward is for/],
    [['bedside', 'x', '--duty', 'nurse'], /--duty is for/],
  ])('refuses %j', async (args, message) => {
    await expect(runCommand(inviteCommand(), [...args, ...state])).rejects.toThrow(message)
  })

  it('refuses an identity that has a certificate', async () => {
    store.issue({ role: 'bedside', id: 'box-8', nowMs })
    await expect(runCommand(inviteCommand(), ['bedside', 'box-8', ...state])).rejects.toThrow(
      /revoke it first/,
    )
  })
})

describe('certs enroll refuses', () => {
  it('to trust whoever answers', async () => {
    await expect(enroll('0000-0000-0000-0000', [])).rejects.toThrow(/whom to trust/)
    await expect(enroll('', ['--ca', caFile(), '--ca-fingerprint', 'ab'.repeat(32)])).rejects.toThrow(
      /choose one/,
    )
    await expect(enroll('', ['--ca-fingerprint', 'abc'])).rejects.toThrow(/64 hexadecimal digits/)
    await expect(enroll('', ['--ca-fingerprint', 'ab'.repeat(32)])).rejects.toThrow(/est-other-authority/)
    expect(events.seen.filter(({ event }) => event.startsWith('enrol'))).toEqual([])
  })

  it('a gateway of another authority, before it sends the code', async () => {
    const other = tempDir()
    initStore({ stateDir: other.path, site: 'icu.test', serverNames: ['localhost'], nowMs })
    const foreign = join(other.path, 'certs/ca.pem')
    await expect(enroll('0000-0000-0000-0000', ['--ca', foreign])).rejects.toThrow(/tls-failed/)
    other.remove()
  })

  it('the state directory of the gateway itself', async () => {
    const args = ['device', id, '--gateway', gateway, '--ca', caFile(), '--state', gatewayState.path]
    await expect(runEnroll(args, '0000-0000-0000-0000', systemClock)).rejects.toThrow(/wardgate certs issue/)
  })

  it.each(['', 'hello', 'x'.repeat(1000)])('what is no code: %j', async (code) => {
    await expect(enroll(code, ['--ca', caFile()])).rejects.toThrow(/no enrolment code|too long/)
  })

  it('a code in a file that others can read', async () => {
    const path = join(own.path, 'code')
    writeFileSync(path, '0000-0000-0000-0000\n', { mode: 0o644 })
    const args = [
      'device',
      id,
      '--gateway',
      gateway,
      '--ca',
      caFile(),
      '--state',
      own.path,
      '--code-file',
      path,
    ]
    await expect(runEnroll(args, '', systemClock)).rejects.toThrow(/open to other users/)
  })

  it('a gateway that is not on a private network, or not encrypted', async () => {
    for (const [url, reason] of [
      ['https://8.8.8.8:8443', /public-address/],
      ['http://127.0.0.1:8443', /plaintext-scheme/],
    ] as const) {
      const args = ['device', id, '--gateway', url, '--ca', caFile(), '--state', own.path]
      await expect(runEnroll(args, '', systemClock)).rejects.toThrow(reason)
    }
  })
})

describe('certs approve', () => {
  it.each([
    [['nobody'], /no request of 'nobody' waits/],
    [['--reject'], /needs the id/],
  ])('refuses %j', async (args, message) => {
    await expect(runCommand(approveCommand(), [...args, '--state', gatewayState.path])).rejects.toThrow(
      message,
    )
  })
})

/** The system's clock, but the pause before the next attempt lasts until `retry`. */
function patientClock(): { readonly clock: Clock; readonly retry: () => Promise<void> } {
  const pause = signal<() => void>()
  const after: Clock['after'] = (delayMs, task) => {
    if (delayMs !== RETRY_MS) return systemClock.after(delayMs, task)
    pause.fire(task)
    return () => undefined
  }
  return { clock: { ...systemClock, after }, retry: async () => (await pause.done)() }
}

interface AddedDevice {
  readonly id: string
  readonly enrolment: { readonly code: string; readonly caFingerprint: string; readonly command: string }
}

async function addDevice(more: readonly string[] = []): Promise<AddedDevice> {
  const place = ['--ward', 'icu', '--bed', 'b01', '--protocol', 'mqtt', '--state', gatewayState.path]
  return JSON.parse(await runCommand(devicesCommand(), ['add', id, ...place, '--json', ...more]))
}

/** The certificates of a text, in an order that says nothing. */
function blocksOf(pem: string): readonly string[] {
  return pemBlocks(pem)
    .map((block) => block.pem)
    .sort()
}

function caFile(): string {
  return join(gatewayState.path, 'certs/ca.pem')
}

async function enroll(code: string, more: readonly string[], clock: Clock = systemClock) {
  const args = [
    'device',
    id,
    '--gateway',
    gateway,
    '--state',
    own.path,
    '--code-file',
    '-',
    '--json',
    ...more,
  ]
  return runEnroll(args, `${code}\n`, clock)
}

async function runEnroll(args: readonly string[], typed: string, clock: Clock) {
  let said = ''
  const say = (text: string): void => {
    said += text
  }
  const input = { stdin: Readable.from([typed]), terminal: undefined, say }
  let output = ''
  const print = (text: string): void => {
    output += text
  }
  const command = enrollCommand(() => ({ clock, input, print }))
  command.exitOverride().configureOutput({ writeErr: () => undefined })
  await command.parseAsync(args, { from: 'user' })
  return { output, said }
}
