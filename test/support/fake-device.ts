/** A made-up protocol, small enough to be seen through: each byte is a saturation, some bytes mean something else. */

import { Subject } from 'rxjs'
import { METRICS } from '../../devices/metrics.ts'
import type {
  Command,
  DeviceProtocol,
  Driver,
  DriverOutput,
  LinkEvent,
  SendRule,
} from '../../devices/protocol.ts'
import type { Link } from '../../gateway/ports.ts'

export const DISCARD = 0xff
export const THROW = 0xfe
export const WAVEFORM = 0xfd
export const SERIAL_NUMBER_A = 0xfc
export const SERIAL_NUMBER_B = 0xfb
export const FORBIDDEN = 0xfa
export const NOTHING = 0xf9
export const ALERT_BEGINS = 0xf8
export const ALERT_ENDS = 0xf7
/** A saturation of 91 from the part `pump-14`. */
export const PART_READING = 0xf6
/** The same from the part `Pump 15`. */
export const OTHER_PART_READING = 0xf5

const SENDS: readonly SendRule[] = [
  { kind: 'send', prefixHex: '05', maxBytes: 2, meaning: 'asks for the next reading' },
]

export function fakeProtocol(parts: Partial<DeviceProtocol> = {}): DeviceProtocol {
  return {
    id: 'fake',
    version: '1.2.3',
    devices: 'none',
    link: {
      kind: 'serial',
      baudRate: 9600,
      dataBits: 8,
      parity: 'none',
      stopBits: 1,
      flowControl: 'none',
    },
    source: 'made up',
    metrics: [METRICS.MDC_PULS_OXIM_SAT_O2],
    sends: SENDS,
    ttlMs: 3_000,
    uncertaintyMs: 150,
    silenceMs: 3_000,
    createDriver: () => ({ receive: (event) => understand(event) }),
    ...parts,
  }
}

function understand(event: LinkEvent): readonly DriverOutput[] {
  if (event.kind === 'opened') return [{ kind: 'send', bytes: Uint8Array.of(0x05) }]
  if (event.kind !== 'bytes') return []
  return Array.from(event.bytes, outputOf)
}

function outputOf(byte: number): DriverOutput {
  switch (byte) {
    case DISCARD:
      return { kind: 'discarded', reason: 'checksum', bytes: Uint8Array.of(byte) }
    case THROW:
      throw new RangeError('the driver has a fault')
    case WAVEFORM:
      return {
        kind: 'waveform',
        channel: 'pleth',
        wave: null,
        label: 'pleth',
        rateHz: 75,
        samples: [1, null],
      }
    case ALERT_BEGINS:
    case ALERT_ENDS:
      return {
        kind: 'alert',
        code: 'SPO2_LOW',
        priority: 'high',
        source: 'patient',
        phase: byte === ALERT_BEGINS ? 'present' : 'ended',
        text: '** SpO2 LOW',
        flags: [],
      }
    case PART_READING:
    case OTHER_PART_READING:
      return {
        kind: 'observation',
        part: byte === PART_READING ? 'pump-14' : 'Pump 15',
        numerics: [{ metric: METRICS.MDC_PULS_OXIM_SAT_O2, value: 91, quality: 'valid' }],
      }
    case SERIAL_NUMBER_A:
    case SERIAL_NUMBER_B:
      return { kind: 'text', name: 'serial-number', value: `sn-${byte}`, isIdentity: true }
    case FORBIDDEN:
      return { kind: 'send', bytes: Uint8Array.of(0x66) }
    case NOTHING:
      return { kind: 'observation', numerics: [] }
    default:
      return {
        kind: 'observation',
        numerics: [{ metric: METRICS.MDC_PULS_OXIM_SAT_O2, value: byte, quality: 'valid' }],
      }
  }
}

/** A line whose events the test makes, and which remembers the commands. */
export class FakeLink implements Link {
  events$ = new Subject<LinkEvent>()
  readonly commands: Command[] = []

  execute(command: Command): void {
    this.commands.push(command)
  }

  open(): void {
    this.events$.next({ kind: 'opened' })
  }

  say(...bytes: readonly number[]): void {
    this.events$.next({ kind: 'bytes', bytes: Uint8Array.from(bytes) })
  }

  close(reason: string): void {
    this.events$.next({ kind: 'closed', reason })
  }
}

/** A driver that does what the test wants. */
export function scriptedProtocol(createDriver: () => Driver): DeviceProtocol {
  return fakeProtocol({ createDriver })
}
