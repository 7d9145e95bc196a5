import { describe, expect, it } from '@jest/globals'
import type { DriverOutput } from '../../../../devices/protocol.ts'
import { createComprehension } from '../../../../gateway/stages/comprehension.ts'

const DISCARDED: DriverOutput = { kind: 'discarded', reason: 'noise', bytes: Uint8Array.of(0xff) }
const SENT: DriverOutput = { kind: 'send', bytes: Uint8Array.of(5) }
const TEXT: DriverOutput = { kind: 'text', name: 'mode', value: 'standby' }

describe('a line that nobody understands', () => {
  it('is one that has brought discards alone for fifteen seconds', () => {
    const line = createComprehension(3_000)
    line.opened(0)
    expect(line.note([DISCARDED], 14_999)).toBeUndefined()
    expect(line.note([DISCARDED], 15_000)).toBe('not-understood')
    expect(line.note([DISCARDED], 60_000)).toBeUndefined()
  })

  it('is understood again with the first good unit', () => {
    const line = createComprehension(3_000)
    line.opened(0)
    line.note([DISCARDED], 20_000)
    expect(line.note([DISCARDED, TEXT], 21_000)).toBe('understood')
    expect(line.note([DISCARDED], 35_999)).toBeUndefined()
    expect(line.note([DISCARDED], 36_000)).toBe('not-understood')
  })

  it('is given as long as the protocol may be silent, when that is longer', () => {
    const line = createComprehension(40_000)
    line.opened(0)
    expect(line.note([DISCARDED], 39_999)).toBeUndefined()
    expect(line.note([DISCARDED], 40_000)).toBe('not-understood')
  })

  it('begins anew when the line is opened again', () => {
    const line = createComprehension(3_000)
    line.opened(0)
    line.note([DISCARDED], 10_000)
    line.opened(12_000)
    expect(line.note([DISCARDED], 20_000)).toBeUndefined()
  })

  it.each([
    {
      name: 'the questions of the driver prove nothing',
      outputs: [SENT, DISCARDED],
      verdict: 'not-understood',
    },
    { name: 'the start of a long message is no discard', outputs: [], verdict: undefined },
    { name: 'questions without an answer are silence', outputs: [SENT], verdict: undefined },
    {
      name: 'one good unit among many discards is enough',
      outputs: [DISCARDED, TEXT, DISCARDED],
      verdict: undefined,
    },
  ])('$name', ({ outputs, verdict }) => {
    const line = createComprehension(3_000)
    line.opened(0)
    expect(line.note(outputs, 15_000)).toBe(verdict)
  })
})
