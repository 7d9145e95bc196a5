/** One device over raw TLS: connects, sends readings, and notes when each was acknowledged. */

import { connect, type SecureContext, type TLSSocket } from 'node:tls'
import { connectPacket, publishPacket, readAnswers } from './mqtt-packets.ts'

/** Instants in ms since 1970, with fractions: comparable between processes. */
export interface DeviceTimes {
  readonly startMs: number
  secureMs: number | undefined
  connackMs: number | undefined
  pubackMs: number | undefined
}

/** A reading that was acknowledged: when it was sent, and how long that took. */
export interface Acknowledged {
  readonly atMs: number
  readonly tookMs: number
}

export interface BenchDevice {
  readonly times: DeviceTimes
  /** The second reading and those after it. */
  readonly acknowledged: readonly Acknowledged[]
  /** Resolves with the first acknowledgement, or with the reason why there is none. */
  readonly served: Promise<string | undefined>
  publish(): void
  close(): void
}

export interface DeviceOptions {
  readonly id: string
  readonly port: number
  readonly secureContext: SecureContext
}

const BOOT = 'b1'

export function startDevice({ id, port, secureContext }: DeviceOptions): BenchDevice {
  const times: DeviceTimes = {
    startMs: nowMs(),
    secureMs: undefined,
    connackMs: undefined,
    pubackMs: undefined,
  }
  const acknowledged: Acknowledged[] = []
  const sentMs = new Map<number, number>()
  let sequence = 0
  let rest: Buffer = Buffer.alloc(0)
  let failure = 'closed before the first acknowledgement'
  let settle: (fault: string | undefined) => void = () => undefined
  const served = new Promise<string | undefined>((resolve) => {
    settle = resolve
  })

  const publish = (): void => {
    sequence += 1
    sentMs.set(sequence, nowMs())
    socket.write(publishPacket(`ingest/v1/${id}/numeric`, sequence, reading(id, sequence)))
  }
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername: 'localhost', secureContext })
  socket.setNoDelay(true)
  socket.once('secureConnect', () => {
    times.secureMs = nowMs()
    socket.write(connectPacket(id))
  })
  socket.on('data', (bytes: Buffer) => {
    rest = readAnswers(Buffer.concat([rest, bytes]), {
      connack(code) {
        times.connackMs = nowMs()
        if (code === 0) publish()
        else settle(`CONNACK ${code}`)
      },
      puback(packetId) {
        const atMs = sentMs.get(packetId) ?? Number.NaN
        sentMs.delete(packetId)
        if (times.pubackMs === undefined) times.pubackMs = nowMs()
        else acknowledged.push({ atMs, tookMs: nowMs() - atMs })
        settle(undefined)
      },
    })
  })
  socket.once('error', (error) => {
    failure = error.message
  })
  socket.once('close', () => settle(failure))
  return { times, acknowledged, served, publish, close: () => socket.destroy() }
}

/** What an oximeter that speaks MQTT itself would send. */
function reading(device: string, seq: number): string {
  const instant = new Date().toISOString()
  const metrics = [
    { mdc: 150456, ref: 'MDC_PULS_OXIM_SAT_O2', loinc: '59408-5', value: 97, unit: '%', q: 'valid' },
    { mdc: 149530, ref: 'MDC_PULS_OXIM_PULS_RATE', loinc: '8889-8', value: 72, unit: '/min', q: 'valid' },
  ]
  const source = { link: 'mqtt', driver: 'nonin-df2@1.0.0' }
  return JSON.stringify({
    v: 1,
    device,
    seq,
    boot: BOOT,
    t: instant,
    tr: instant,
    tu: 150,
    ttl: 6000,
    src: source,
    metrics,
  })
}

export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
