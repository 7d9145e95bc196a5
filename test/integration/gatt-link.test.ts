import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { AirMessage } from '../../devices/framing/air.ts'
import type { LinkEvent } from '../../devices/protocol.ts'
import { silentLog } from '../../gateway/log.ts'
import type { Link } from '../../gateway/ports.ts'
import { createGattLink, type GattLinkOptions } from '../../gateway/transport/gatt-link.ts'
import { createSimulatedRadio } from '../../gateway/transport/simulated-radio.ts'
import type { ServiceDefinition } from '../../simulators/radio/gatt-database.ts'
import {
  startPeripheral,
  type Peripheral,
  type PeripheralOptions,
} from '../../simulators/radio/peripheral.ts'
import { fromHex } from '../support/attributes.ts'
import { follow, signal, type EventLog } from '../support/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import {
  startHostilePeripheral,
  type HostileBehaviour,
  type HostilePeripheral,
} from '../support/hostile-peripheral.ts'
import { tempDir } from '../support/temp-dir.ts'

const ADDRESS = 'C0:FF:EE:00:00:01'

const HEART_RATE: ServiceDefinition = {
  uuid: '180D',
  characteristics: [
    { uuid: '2A37', properties: ['notify'] },
    { uuid: '2A38', properties: ['read'], value: fromHex('01') },
    {
      uuid: '2A39',
      properties: ['write', 'indicate'],
      onWrite: (bytes) => (bytes[0] === 1 ? undefined : 0x80),
    },
  ],
}
const EXTRAS: readonly ServiceDefinition[] = [
  {
    uuid: '180A',
    characteristics: [{ uuid: '2A29', properties: ['read'], value: fromHex('41'.repeat(40)) }],
  },
  { uuid: '180F', characteristics: [{ uuid: '2A19', properties: ['read', 'notify'], value: fromHex('53') }] },
]

const dir = { current: tempDir() }
const running: { stop(): Promise<void> | void }[] = []
let clock: FakeClock

beforeEach(() => {
  dir.current = tempDir()
  clock = new FakeClock()
})

afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop()
  dir.current.remove()
})

async function peripheral(options: Partial<PeripheralOptions> = {}): Promise<Peripheral> {
  const started = await startPeripheral({
    airDir: dir.current.path,
    address: ADDRESS,
    name: 'Strap',
    services: [HEART_RATE, ...EXTRAS],
    grants: 'encrypted',
    clock,
    ...options,
  })
  running.push(started)
  return started
}

function open(options: Partial<GattLinkOptions> = {}): { link: Link; log: EventLog<LinkEvent> } {
  const link = createGattLink({
    central: createSimulatedRadio({ airDir: dir.current.path, clock }),
    address: ADDRESS,
    service: '180D',
    security: 'none',
    silenceMs: 120_000,
    clock,
    log: silentLog,
    random: () => 0.5,
    minDelayMs: 1_000,
    maxDelayMs: 8_000,
    ...options,
  })
  const log = follow(link.events$)
  running.push(log)
  return { link, log }
}

async function hostile(behaviour: HostileBehaviour): Promise<void> {
  running.push(await startHostilePeripheral(dir.current.path, ADDRESS, behaviour))
}

const kind = (wanted: LinkEvent['kind']) => (event: LinkEvent) => event.kind === wanted

describe('a GATT link', () => {
  it('opens with the characteristics of its service, the battery and the device information', async () => {
    await peripheral()
    const { log } = open()
    await expect(log.next(kind('opened'))).resolves.toEqual({
      kind: 'opened',
      characteristics: ['2A37', '2A38', '2A39', '2A29', '2A19'],
    })
  })

  it('reads, also beyond the MTU, in the order of the commands', async () => {
    await peripheral({ mtu: 23 })
    const { link, log } = open()
    await log.next(kind('opened'))
    link.execute({ kind: 'read', characteristic: '2A29' })
    link.execute({ kind: 'read', characteristic: '2A38' })
    await expect(log.next(kind('value'))).resolves.toEqual({
      kind: 'value',
      characteristic: '2A29',
      via: 'read',
      bytes: fromHex('41'.repeat(40)),
    })
    await expect(log.next(kind('value'))).resolves.toMatchObject({ characteristic: '2A38', via: 'read' })
  })

  it('carries notifications and confirmed indications of what it has subscribed', async () => {
    const subscribed = signal<string>()
    const strap = await peripheral({
      onSubscribe: (uuid) => {
        if (uuid === '2A39') subscribed.fire(uuid)
      },
    })
    const { link, log } = open()
    await log.next(kind('opened'))
    link.execute({ kind: 'subscribe', characteristic: '2A37' })
    link.execute({ kind: 'subscribe', characteristic: '2A39' })
    await subscribed.done
    expect(strap.notify('2A37', fromHex('0048'))).toBe('sent')
    await expect(strap.indicate('2A39', fromHex('07'))).resolves.toBe('confirmed')
    await expect(log.next(kind('value'))).resolves.toEqual({
      kind: 'value',
      characteristic: '2A37',
      via: 'notification',
      bytes: fromHex('0048'),
    })
    await expect(log.next(kind('value'))).resolves.toMatchObject({
      characteristic: '2A39',
      via: 'indication',
    })
    expect(strap.notify('2A19', fromHex('53'))).toBe('not-subscribed')
  })

  it('answers every command that cannot be carried out with its reason', async () => {
    await peripheral()
    const { link, log } = open()
    const refused = async (command: Parameters<Link['execute']>[0], reason: string): Promise<void> => {
      link.execute(command)
      await expect(log.next(kind('failed'))).resolves.toEqual({ kind: 'failed', command, reason })
    }
    await refused({ kind: 'read', characteristic: '2A38' }, 'not-connected')
    await log.next(kind('opened'))
    await refused({ kind: 'read', characteristic: '2A37' }, 'read-not-permitted')
    await refused({ kind: 'read', characteristic: '2B21' }, 'no-such-characteristic')
    await refused({ kind: 'subscribe', characteristic: '2A38' }, 'not-subscribable')
    await refused({ kind: 'write', characteristic: '2A38', bytes: fromHex('01') }, 'write-not-permitted')
    await refused({ kind: 'write', characteristic: '2A39', bytes: fromHex('02') }, 'application-0x80')
    await refused({ kind: 'send', bytes: fromHex('02') }, 'not-a-serial-line')
  })

  it('refuses commands beyond a bounded queue', async () => {
    await peripheral()
    const { link, log } = open()
    await log.next(kind('opened'))
    for (let count = 0; count < 65; count++) link.execute({ kind: 'read', characteristic: '2A38' })
    await expect(log.next(kind('failed'))).resolves.toMatchObject({ reason: 'queue-full' })
  })

  it('connects again after the device was away, and not before the pause is over', async () => {
    const first = await peripheral()
    const { log } = open()
    await log.next(kind('opened'))
    await first.stop()
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'power-off' })
    clock.advance(500)
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'not-in-range' })
    running.splice(0, 1)
    await peripheral()
    clock.advance(1_000)
    await log.next(kind('opened'))
  })

  it('tells why the device left', async () => {
    const strap = await peripheral()
    const { log } = open()
    await log.next(kind('opened'))
    strap.disconnect('low-resources')
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'low-resources' })
  })

  it('ends by supervision time-out when the device goes out of reach', async () => {
    const reasons: string[] = []
    const strap = await peripheral({ onDisconnect: (reason) => reasons.push(reason) })
    const { log } = open()
    await log.next(kind('opened'))
    strap.goSilent()
    expect(strap.notify('2A37', fromHex('0048'))).toBe('not-subscribed')
    clock.advance(6_000)
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'connection-timeout' })
    expect(strap.isConnected).toBe(false)
    expect(reasons).toEqual(['connection-timeout'])
  })

  it('ends when the device is there but sends nothing', async () => {
    await peripheral()
    const { log } = open({ silenceMs: 9_000 })
    await log.next(kind('opened'))
    clock.advance(9_000)
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'silent' })
  })

  it('lets go of the device when nobody listens any more', async () => {
    const left = signal<string>()
    await peripheral({ onDisconnect: left.fire })
    const { log } = open()
    await log.next(kind('opened'))
    log.stop()
    await expect(left.done).resolves.toBe('remote-user-terminated')
    expect(clock.pendingCount).toBe(0)
  })

  it('does not open without the service of its driver', async () => {
    await peripheral({ services: EXTRAS })
    const { log } = open()
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'service-not-found' })
  })
})

describe('the protection of a GATT link', () => {
  it('is what was achieved, not what was asked for', async () => {
    await peripheral({ grants: 'encrypted' })
    const { log } = open({ security: 'authenticated' })
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'security-too-low' })
    expect(log.seen.some(kind('opened'))).toBe(false)
  })

  it('lets nothing be read when the device does not pair', async () => {
    await peripheral({ grants: 'none' })
    const { log } = open({ security: 'encrypted' })
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'pairing-refused' })
  })

  it('opens protected attributes once it is high enough', async () => {
    const characteristics = [
      { uuid: '2B21', properties: ['read'], security: 'authenticated', needsAuthorization: true } as const,
    ]
    await peripheral({
      services: [{ uuid: '183A', characteristics }],
      grants: 'authenticated',
      isAuthorized: true,
    })
    const { link, log } = open({ service: '183A', security: 'authenticated' })
    await log.next(kind('opened'))
    link.execute({ kind: 'read', characteristic: '2B21' })
    await log.next(kind('value'))
  })

  it('closes the link when it is lost', async () => {
    const strap = await peripheral({ grants: 'authenticated' })
    const { log } = open({ security: 'authenticated' })
    await log.next(kind('opened'))
    strap.changeSecurity('encrypted')
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'security-too-low' })
  })
})

describe('a device that breaks the rules', () => {
  const decent = (request: string): string =>
    request.startsWith('02') ? '031700' : `01${request.slice(0, 6)}0a`

  /** Does something else than answering. */
  const instead = (act: (it: HostilePeripheral) => void): NonNullable<HostileBehaviour['onAtt']> => {
    return (_request, it) => {
      act(it)
      return undefined
    }
  }

  it('is given up when it does not answer within 30 s', async () => {
    const asked = signal<string>()
    await hostile({
      onAtt: (request) => {
        asked.fire(request)
        return undefined
      },
    })
    const { log } = open()
    await asked.done
    clock.advance(30_000)
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'att-timeout' })
  })

  it.each<{ readonly name: string; readonly behaviour: HostileBehaviour; readonly reason: string }>([
    {
      name: 'repeats the same services for ever',
      behaviour: {
        onAtt: (request) => (request.startsWith('10') ? '1106010004000d18' : decent(request)),
      },
      reason: 'wrong-handle',
    },
    {
      name: 'goes back in its handles',
      behaviour: {
        onAtt: (request) => (request.startsWith('10') ? '1106030004000d18010002000f18' : decent(request)),
      },
      reason: 'wrong-handle',
    },
    {
      name: 'announces a frame no radio could carry',
      behaviour: { onAtt: instead((it) => it.send(fromHex('ffff 0400'))) },
      reason: 'oversize-frame',
    },
    {
      name: 'sends more than the MTU',
      behaviour: { onAtt: instead((it) => it.sendAtt(`1b0300${'00'.repeat(80)}`)) },
      reason: 'oversize-pdu',
    },
    {
      name: 'indicates without end what nobody asked for',
      behaviour: {
        // The confirmation of one brings the next.
        onAtt: instead((it) => it.sendAtt('1d090001')),
      },
      reason: 'unsolicited-values',
    },
    {
      name: 'answers what was not asked',
      behaviour: { onAtt: () => '0b01' },
      reason: 'unexpected-response',
    },
    {
      name: 'disconnects in the middle of a request',
      behaviour: {
        onAtt: instead((it) => it.tell({ kind: 'disconnect', reason: 'remote-user-terminated' })),
      },
      reason: 'remote-user-terminated',
    },
    {
      name: 'vanishes in the middle of a request',
      behaviour: { onAtt: instead((it) => void it.stop()) },
      reason: 'connection-timeout',
    },
    {
      name: 'speaks nonsense instead of accepting',
      behaviour: { onControl: (_message, it) => it.send(fromHex('0100 4000 7b')) },
      reason: 'malformed-control-message',
    },
    {
      name: 'opens channels of its own',
      behaviour: { onControl: (_message, it) => it.send(fromHex('0100 0500 7b')) },
      reason: 'unexpected-channel',
    },
    {
      name: 'sends values before it has accepted',
      behaviour: { onControl: (_message, it) => it.sendAtt('1b030000') },
      reason: 'unexpected-channel',
    },
  ])('is closed when it $name', async ({ behaviour, reason }) => {
    await hostile(behaviour)
    const { log } = open()
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason })
    expect(log.seen).toHaveLength(1)
  })

  it('is given up when it never accepts the connection', async () => {
    const heard = signal<AirMessage>()
    await hostile({ onControl: heard.fire })
    const { log } = open()
    await heard.done
    clock.advance(10_000)
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'connect-timeout' })
  })
})
