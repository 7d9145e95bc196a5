import { describe, expect, it } from '@jest/globals'
import { hl7Mllp } from '../../../devices/hl7-mllp.ts'
import { expectHl7 } from '../../../simulators/expected-infusion.ts'
import { createHl7Gateway } from '../../../simulators/hl7-gateway.ts'
import type { Due } from '../../../simulators/timeline.ts'
import { startTalk } from '../../support/talk.ts'

const NOW_MS = Date.parse('2026-03-01T12:00:00Z')

function due(second: number, spo2: number | undefined): Due {
  const row = { atS: second, heartRate: 72, respRate: 14, ...(spo2 !== undefined && { spo2 }) }
  return { atS: second, elapsedS: second, row }
}

const gateway = () => createHl7Gateway({ seed: 1, serial: '0000000001' })
const idOf = (bytes: Uint8Array | undefined): string =>
  /\|(0000000001-\d+)\|P\|/.exec(Buffer.from(bytes ?? []).toString())?.[1] ?? ''
const ackOf = (id: string): Uint8Array => Buffer.from(`\x0bMSH|^~\\&|W\rMSA|CA|${id}\r\x1c\r`)

describe('a simulated HL7 gateway', () => {
  it('is read value for value, missing ones included', () => {
    const talker = gateway()
    const talk = startTalk(hl7Mllp, talker)
    talk.open()
    const dues = [97, 95, undefined, 89, 88, undefined, 93].map((spo2, second) => due(second, spo2))
    let count = 0
    talk.run(dues.length * 1000, (atMs) => talker.show(dues[count++] ?? due(0, 97), atMs))
    const sets = talk.outputs.flatMap((output) =>
      output.kind === 'observation'
        ? [output.numerics.map(({ metric, value }) => ({ mdc: metric.mdc, value }))]
        : [],
    )
    expect(sets).toEqual(dues.map(expectHl7))
    const alerts = talk.outputs.flatMap((output) => (output.kind === 'alert' ? [output.phase] : []))
    expect(alerts).toEqual(['present', 'ended'])
    expect(JSON.stringify(talk.outputs)).not.toMatch(/Simulated|Patience|SIM-0042/)
  })

  it('sends one message at a time, and the same one again when it is not acknowledged', () => {
    const talker = gateway()
    const [first] = talker.show(due(0, 97), NOW_MS)
    expect(talker.show(due(1, 96), NOW_MS + 1000)).toEqual([])
    expect(talker.tick?.(NOW_MS + 4999)).toEqual([])
    expect(talker.tick?.(NOW_MS + 5000)).toEqual([first])
    expect(talker.hear(Buffer.from('nonsense\x1c\r'), NOW_MS)).toEqual([])
    expect(talker.hear(ackOf('another'), NOW_MS)).toEqual([])
    const [second] = talker.hear(ackOf(idOf(first)), NOW_MS + 6000)
    expect(idOf(second)).toBe('0000000001-2')
    expect(talker.hear(ackOf('0000000001-2'), NOW_MS)).toEqual([])
    expect(talker.wakeAtMs).toBeUndefined()
  })

  it('gives a message up after three attempts and keeps no more than a few', () => {
    const talker = gateway()
    const [first] = talker.show(due(0, 97), NOW_MS)
    for (let second = 1; second < 60; second += 1) talker.show(due(second, 97), NOW_MS)
    expect(talker.tick?.(NOW_MS + 5000)).toEqual([first])
    expect(talker.tick?.(NOW_MS + 10_000)).toEqual([first])
    expect(idOf(talker.tick?.(NOW_MS + 15_000)[0])).toBe('0000000001-58')
  })

  it('sends what waits again when it is connected anew', () => {
    const talker = gateway()
    const sent = talker.show(due(0, 97), NOW_MS)
    expect(talker.connected?.(NOW_MS + 100)).toEqual(sent)
  })
})
