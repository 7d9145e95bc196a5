/**
 * An invented thermometer, for docs/conformance-kit.md: `T | tenths of a degree, high and low | sum`, once a second.
 * FFFF stands for no probe.
 */

import { sum8 } from '../../../devices/framing/checksum.ts'
import { createStreamDriver, type Grammar } from '../../../devices/framing/parse-stream.ts'
import { METRICS } from '../../../devices/metrics.ts'
import type { DeviceProtocol, Numeric } from '../../../devices/protocol.ts'

const START = 0x54
const FRAME_BYTES = 4
const NO_PROBE = 0xffff

const grammar: Grammar<number> = {
  maxUnitBytes: FRAME_BYTES,
  judge(window) {
    const start = window.indexOf(START)
    if (start !== 0) return { kind: 'discard', sizeBytes: start < 0 ? window.length : start, reason: 'noise' }
    if (window.length < FRAME_BYTES) return { kind: 'more', needBytes: FRAME_BYTES }
    if (sum8(window, 0, FRAME_BYTES - 1) !== window[FRAME_BYTES - 1])
      return { kind: 'discard', sizeBytes: 1, reason: 'checksum' }
    const tenths = (window[1] ?? 0) * 256 + (window[2] ?? 0)
    return { kind: 'unit', sizeBytes: FRAME_BYTES, unit: tenths }
  },
}

function numericOf(tenths: number): Numeric {
  const metric = METRICS.MDC_TEMP
  if (tenths === NO_PROBE) return { metric, value: null, quality: 'absent', why: ['no_probe'] }
  return { metric, value: tenths / 10, quality: 'valid' }
}

export const tempoOne: DeviceProtocol = {
  id: 'tempo-one',
  version: '1.0.0',
  devices: 'Tempo One (invented)',
  link: {
    kind: 'serial',
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'invented for the conformance kit',
  metrics: [METRICS.MDC_TEMP],
  sends: [],
  ttlMs: 3000,
  uncertaintyMs: 1000,
  silenceMs: 5000,
  createDriver: () =>
    createStreamDriver(grammar, () => (tenths) => [{ kind: 'observation', numerics: [numericOf(tenths)] }]),
}
