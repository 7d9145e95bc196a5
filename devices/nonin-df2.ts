/** Nonin Data Format 2: `01 | STATUS | PLETH | FLOAT | CHK`, 8-bit pleth. */

import { createStreamDriver } from './framing/parse-stream.ts'
import { METRICS } from './metrics.ts'
import { createNoninGrammar, readNoninPacket } from './nonin-packet.ts'
import type { DeviceProtocol } from './protocol.ts'

const grammar = createNoninGrammar({
  startByte: 0x01,
  statusAt: 1,
  plethOf: (packet, frameAt) => packet[frameAt + 2] ?? 0,
})

export const noninDf2: DeviceProtocol = {
  id: 'nonin-df2',
  version: '1.0.0',
  devices: 'Nonin OEM III, Xpod, 9560 (Data Format 2)',
  link: {
    kind: 'serial',
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'Nonin 9560 specification; test fixture of an open-source OEM III driver; no live capture',
  metrics: [METRICS.MDC_PULS_OXIM_PULS_RATE, METRICS.MDC_PULS_OXIM_SAT_O2],
  sends: [],
  ttlMs: 3000,
  uncertaintyMs: 2000,
  silenceMs: 3000,
  createDriver: () => createStreamDriver(grammar, () => readNoninPacket),
}
