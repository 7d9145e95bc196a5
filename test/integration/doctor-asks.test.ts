import { afterEach, expect, it, jest } from '@jest/globals'
import type { SerialLine } from '../../devices/protocol.ts'
import { protocolById } from '../../devices/registry.ts'
import { systemClock } from '../../gateway/clock.ts'
import { isSerialProtocol, type SerialProtocol } from '../../gateway/doctor/candidates.ts'
import { diagnose } from '../../gateway/doctor/diagnose.ts'
import { examineLine, type Examination } from '../../gateway/doctor/examine.ts'
import { lineText } from '../../gateway/doctor/line-text.ts'
import { createAsenaPump } from '../../simulators/asena-pump.ts'
import { createMedibusVentilator } from '../../simulators/medibus-ventilator.ts'
import type { Talker } from '../../simulators/talker.ts'
import { openUartBench, type UartBench } from '../support/uart-bench.ts'

const TIMES = {
  firstListenMs: 400,
  listenMs: 400,
  enoughBytes: 4_096,
  askMs: 6_000,
  watchMs: 5_000,
  settleMs: 20,
}
jest.setTimeout(120_000)

let bench: UartBench | undefined
afterEach(async () => {
  await bench?.close()
})

function serialProtocol(id: string): SerialProtocol {
  const protocol = protocolById(id)
  if (protocol === undefined || !isSerialProtocol(protocol)) throw new Error(`${id} is no serial protocol`)
  return protocol
}

const ROW = { atS: 0, heartRate: 72, pulseRate: 72, spo2: 97, respRate: 15 }

/** What the device does when nothing is said to it, as one run of bytes. */
function silentlyTicking(talker: Talker): () => Uint8Array {
  talker.show({ atS: 0, elapsedS: 0, row: ROW }, systemClock.nowMs())
  return () => {
    const nowMs = systemClock.nowMs()
    const isDue = talker.wakeAtMs !== undefined && talker.wakeAtMs <= nowMs
    return Buffer.concat(isDue ? [...(talker.tick?.(nowMs) ?? [])] : [])
  }
}

interface Case {
  readonly talker: Talker
  readonly line: SerialLine
  readonly isDeaf?: boolean
}

async function examine(protocol: SerialProtocol, { talker, line, isDeaf }: Case): Promise<Examination> {
  bench = await openUartBench({
    line,
    next: silentlyTicking(talker),
    periodMs: 25,
    ...(isDeaf !== true && { answer: (bytes) => talker.hear(bytes, systemClock.nowMs()) }),
  })
  const opened = bench
  return examineLine({
    openLink: (reader) => opened.openLink(reader),
    lineErrors: () => opened.lineErrors(),
    protocols: [protocol],
    manner: 'ask',
    clock: systemClock,
    times: TIMES,
  })
}

const OPTIONS = { seed: 1, serial: '0000000001' }

it('a pump that speaks only when it is asked is found by the harmless questions of its driver', async () => {
  const asena = serialProtocol('alaris-asena')
  const examination = await examine(asena, { talker: createAsenaPump(OPTIONS), line: asena.link })
  expect(examination.found).toMatchObject({ by: 'asking', protocol: { id: 'alaris-asena' } })
  expect(diagnose(examination)).toEqual([])
})

it('a pump that answers at another speed is found there, and the speed is named', async () => {
  const asena = serialProtocol('alaris-asena')
  const line: SerialLine = { ...asena.link, baudRate: 19_200 }
  const known = { ...asena, otherLines: [line] }
  const examination = await examine(known, { talker: createAsenaPump(OPTIONS), line })
  expect(examination.found === undefined ? '' : lineText(examination.found.line)).toBe('19200 8N1')
  expect(diagnose(examination).map(({ code }) => code)).toEqual(['wrong-settings'])
})

it('a ventilator that calls and does not hear the answers has an open wire', async () => {
  const medibus = serialProtocol('medibus')
  const talker = createMedibusVentilator()
  const deaf = { talker, line: medibus.link, isDeaf: true }
  const examination = await examine({ ...medibus, otherLines: [] }, deaf)
  expect(examination.found?.protocol.id).toBe('medibus')
  expect(diagnose(examination).map(({ code }) => code)).toContain('one-way')
})
