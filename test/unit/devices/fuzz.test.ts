import { describe, expect, it } from '@jest/globals'
import { PROTOCOLS } from '../../../devices/registry.ts'
import { createStreamDriver } from '../../../devices/framing/parse-stream.ts'
import { fuzz, gattTarget, lineTarget, type FuzzTarget } from '../../support/conformance/fuzz.ts'
import { describeFuzz } from '../../support/conformance/fuzz-tests.ts'
import { isLine } from '../../support/conformance/subject.ts'
import { gattValues } from '../../support/gatt-values.ts'
import { SUBJECTS } from '../../support/registry-subjects.ts'

const VALUES = gattValues()

describe('the fuzzer', () => {
  describeFuzz([
    ...SUBJECTS.map(lineTarget),
    ...PROTOCOLS.filter((protocol) => !isLine(protocol)).map((protocol) => gattTarget(protocol, VALUES)),
  ])

  it('finds a fault behind a check, and gives the bytes for wardgate decode', () => {
    const { failure } = fuzz(brittle(), 1, 20_000)
    expect(failure).toContain('brittle: it throws RangeError: a length of 7')
    expect(failure).toMatch(
      /seed 1;.*--seed 1\nwardgate decode --protocol brittle --hex <<'END'\n0207(..)?\nEND$/,
    )
  })

  it('finds a driver whose output hangs on the chunking', () => {
    const hasty: FuzzTarget = {
      ...brittle(),
      isStream: true,
      createDriver: () => ({
        receive: (event) =>
          event.kind === 'bytes' && event.bytes.length > 3
            ? [{ kind: 'discarded', reason: 'noise', bytes: event.bytes }]
            : [],
      }),
    }
    expect(fuzz(hasty, 1, 20_000).failure).toContain('another chunking gives another output')
  })
})

/** Throws on a length of 7 behind a start byte. */
function brittle(): FuzzTarget {
  const grammar = {
    maxUnitBytes: 16,
    judge(window: Uint8Array) {
      if (window[0] !== 2) return { kind: 'discard', sizeBytes: 1, reason: 'noise' } as const
      if (window.length < 2) return { kind: 'more', needBytes: 2 } as const
      if (window[1] === 7) throw new RangeError('a length of 7')
      return { kind: 'unit', sizeBytes: 2, unit: window[1] ?? 0 } as const
    },
  }
  return {
    id: 'brittle',
    isStream: false,
    sends: [],
    samples: [[{ bytes: Uint8Array.of(2, 3, 2, 4) }]],
    createDriver: () =>
      createStreamDriver(grammar, () => (value) => [{ kind: 'text', name: 'length', value }]),
  }
}
