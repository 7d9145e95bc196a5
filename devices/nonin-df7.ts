/** Nonin Data Format 7: `STATUS | PLETH high | PLETH low | FLOAT | CHK`, 16-bit pleth, no start byte. */

import { createStreamDriver } from './framing/parse-stream.ts'
import { METRICS } from './metrics.ts'
import { createNoninGrammar, readNoninPacket } from './nonin-packet.ts'
import type { DeviceProtocol } from './protocol.ts'

const grammar = createNoninGrammar({
  startByte: undefined,
  statusAt: 0,
  plethOf: (packet, frameAt) => (packet[frameAt + 1] ?? 0) * 256 + (packet[frameAt + 2] ?? 0),
})

export const noninDf7: DeviceProtocol = {
  id: 'nonin-df7',
  version: '1.0.0',
  devices: 'Nonin OEM III, Xpod, 9560 (Data Format 7)',
  link: {
    kind: 'serial',
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'Nonin 9560 specification; no live capture',
  metrics: [METRICS.MDC_PULS_OXIM_PULS_RATE, METRICS.MDC_PULS_OXIM_SAT_O2],
  sends: [],
  ttlMs: 3000,
  uncertaintyMs: 2000,
  silenceMs: 3000,
  createDriver: () => createStreamDriver(grammar, () => readNoninPacket),
}
