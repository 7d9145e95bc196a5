import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filter, firstValueFrom, map, take, toArray, type Observable } from 'rxjs'
import { systemClock } from '../../gateway/clock.ts'
import { silentLog } from '../../gateway/log.ts'
import type { Link } from '../../gateway/ports.ts'
import { runDriver } from '../../gateway/stages/run-driver.ts'
import { createSerialLink } from '../../gateway/transport/serial-link.ts'
import { createTcpLink } from '../../gateway/transport/tcp-link.ts'
import { createTcpListenLink } from '../../gateway/transport/tcp-listen-link.ts'
import { createUdpLink } from '../../gateway/transport/udp-link.ts'
import { readCallers } from '../../gateway/uplink/allowed-ranges.ts'
import type { TalkingKind } from '../../simulators/device-kinds.ts'
import { loadRecording } from '../../simulators/patients.ts'
import { startScenario, type RunningDevice, type RunningScenario } from '../../simulators/run.ts'
import type { ScenarioDevice } from '../../simulators/scenario.ts'
import { questionKind, questionProtocol } from '../support/question-device.ts'
import { tempDir } from '../support/temp-dir.ts'

const PROTOCOL = questionProtocol()
const RECORDING = loadRecording('bidmc_01_numerics', '.')
const FIRST_SPO2 = RECORDING.rows[0]?.spo2

const COMMON = { clock: systemClock, random: () => 0, log: silentLog, silenceMs: 20_000 }
const NEARBY = { isAllowed: (ip: string) => ip === '127.0.0.1' }

const dir = { current: tempDir() }
let running: RunningScenario | undefined
const undo: (() => void)[] = []

beforeEach(() => {
  dir.current = tempDir()
})

afterEach(async () => {
  for (const step of undo.splice(0)) step()
  await running?.stop()
  running = undefined
  dir.current.remove()
})

async function start(
  link: ScenarioDevice['link'],
  over: TalkingKind['over'],
  ports: Partial<ScenarioDevice> = {},
) {
  const device: ScenarioDevice = {
    id: 'd-1',
    ward: 'icu',
    bed: 'b01',
    protocol: 'question',
    recording: RECORDING,
    startS: 0,
    speed: 0.01,
    isLoop: false,
    link,
    tcpPort: 0,
    udpPort: 0,
    address: '',
    parts: {},
    faults: {},
    seed: 42,
    ...ports,
  }
  running = await startScenario({
    scenario: { devices: [device] },
    runDir: dir.current.path,
    clock: systemClock,
    kindOf: () => questionKind({ over }),
  })
  const [started] = running.devices
  if (started === undefined) throw new Error('nothing was started')
  return started.link
}

function serialTo(address: RunningDevice['link']): Link {
  if (address.kind !== 'serial' || PROTOCOL.link.kind !== 'serial') throw new Error('no serial line')
  const lockDir = join(dir.current.path, 'lock')
  return createSerialLink({ ...COMMON, path: address.path, line: PROTOCOL.link, lockDir })
}

/** Identity and first value, as the driver learns them in conversation. */
function conversation(link: Link): Observable<readonly unknown[]> {
  return runDriver({ link, protocol: PROTOCOL, clock: systemClock }).pipe(
    map((received) => {
      if (received.kind === 'command-failed') throw new Error(received.reason)
      if (received.kind !== 'measured') return undefined
      const { output } = received
      if (output.kind === 'text') return output.value
      return output.kind === 'observation' ? output.numerics[0]?.value : undefined
    }),
    filter((told) => told !== undefined),
    take(2),
    toArray(),
  )
}

const EXPECTED = ['42', FIRST_SPO2]

describe('a device that is spoken to, on its real line', () => {
  it('is read over a pseudo-terminal', async () => {
    const address = await start('pty', 'serial')
    expect(address.kind).toBe('serial')
    expect(await firstValueFrom(conversation(serialTo(address)))).toEqual(EXPECTED)
  })

  it('is read over a device server', async () => {
    const address = await start('tcp', 'serial')
    if (address.kind !== 'tcp') throw new Error('no device server')
    const link = createTcpLink({ ...COMMON, ...NEARBY, ...address })
    expect(await firstValueFrom(conversation(link))).toEqual(EXPECTED)
  })

  it('is read in datagrams', async () => {
    const address = await start('udp', 'udp')
    if (address.kind !== 'udp') throw new Error('no datagrams')
    const link = createUdpLink({ ...COMMON, ...NEARBY, ...address })
    expect(await firstValueFrom(conversation(link))).toEqual(EXPECTED)
  })

  it('calls the gateway, and again after the gateway was away', async () => {
    let tellPort: (port: number) => void = () => undefined
    const port = new Promise<number>((resolve) => {
      tellPort = resolve
    })
    const callers = { from: [readCallers('127.0.0.1')].flatMap((each) => (each.allowed ? [each.range] : [])) }
    const listenAt = (at: number): Link =>
      createTcpListenLink({
        ...COMMON,
        ...NEARBY,
        ...callers,
        host: '127.0.0.1',
        port: at,
        onListening: (bound) => tellPort(bound),
      })
    const first = firstValueFrom(conversation(listenAt(0)))
    const tcpPort = await port
    expect(await start('call', 'tcp-caller', { tcpPort })).toEqual({
      kind: 'call',
      host: '127.0.0.1',
      port: tcpPort,
    })
    expect(await first).toEqual(EXPECTED)

    expect(await firstValueFrom(conversation(listenAt(tcpPort)))).toEqual(EXPECTED)
  })

  it('answers whoever asked last in datagrams', async () => {
    const address = await start('udp', 'udp')
    if (address.kind !== 'udp') throw new Error('no datagrams')
    for (const connection of [1, 2]) {
      const socket = createSocket('udp4')
      undo.push(() => socket.close())
      const greeting = once(socket, 'message')
      socket.send(Uint8Array.of(0x78), address.port, address.host)
      const [bytes] = await greeting
      expect([...bytes]).toEqual([0x43, connection])
    }
  })

  it('names a port that is taken, for datagrams and for a device server', async () => {
    const taken = createSocket('udp4')
    taken.bind(0, '127.0.0.1')
    await once(taken, 'listening')
    undo.push(() => taken.close())
    const udpPort = taken.address().port
    await expect(start('udp', 'udp', { udpPort })).rejects.toThrow(`cannot answer on 127.0.0.1:${udpPort}`)

    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    undo.push(() => server.close())
    const bound = server.address()
    const tcpPort = typeof bound === 'object' && bound !== null ? bound.port : 0
    await expect(start('tcp', 'serial', { tcpPort })).rejects.toThrow(`cannot listen on 127.0.0.1:${tcpPort}`)
  })
})
