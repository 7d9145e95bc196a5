/** Every device that can be simulated, one row each, under the protocol id of the driver that reads it. */

import type { SecurityLevel } from '../devices/framing/link-security.ts'
import type { CreateBleDevice } from './ble-device.ts'
import { createBloodPressurePeripheral } from './blood-pressure-peripheral.ts'
import { createCgmPeripheral } from './cgm-peripheral.ts'
import { createGlucosePeripheral } from './glucose-peripheral.ts'
import { CONTEC_PACKETS_PER_SECOND, contec5ByteReading, createContecEncoder } from './contec-encoder.ts'
import { createHeartRatePeripheral } from './heart-rate-peripheral.ts'
import { createInsulinPumpPeripheral } from './insulin-pump-peripheral.ts'
import { createIvyEncoder, ivyReading } from './ivy-encoder.ts'
import { encodeMasimoLine, masimoReading } from './masimo-encoder.ts'
import {
  createNoninEncoder,
  encodeNoninDf13,
  encodeNoninDf8,
  NONIN_PACKETS_PER_SECOND,
  type NoninFormat,
  noninReading,
} from './nonin-encoder.ts'
import { createPulseOximeterPeripheral } from './pulse-oximeter-peripheral.ts'
import type { RecordedField } from './recording.ts'
import type { CreateTalker } from './talker.ts'
import { createThermometerPeripheral } from './thermometer-peripheral.ts'
import { TALKING_KINDS } from './talking-kinds.ts'
import type { Due, Rhythm } from './timeline.ts'

interface KindBase {
  readonly protocol: string
  readonly rhythm: Rhythm
  /** A recording that holds none of these has nothing to say through this device; empty: it shows no recording. */
  readonly plays: readonly RecordedField[]
}

export interface SerialKind extends KindBase {
  readonly link: 'serial'
  readonly createEncoder: (options: EncoderOptions) => (due: Due) => Uint8Array
}

export interface BleKind extends KindBase {
  readonly link: 'ble'
  readonly create: CreateBleDevice
  readonly grants: SecurityLevel
  /** Whoever subscribes to this one is listening. */
  readonly stream: string
}

/** A device that is spoken to, on a serial line (or a device server), over UDP, or calling a TCP port of the gateway. */
export interface TalkingKind extends KindBase {
  readonly link: 'talking'
  readonly over: 'serial' | 'udp' | 'tcp-caller'
  readonly createTalker: CreateTalker
}

export type DeviceKind = SerialKind | BleKind | TalkingKind

interface EncoderOptions {
  readonly seed: number
  /** Ten digits: what the device calls itself. */
  readonly serial: string
  /** The device's own clock. */
  readonly nowMs: () => number
}

const EVERY_SECOND: Rhythm = { kind: 'messages-per-second', count: 1 }
/** Somebody puts the oximeter on, reads it and takes it off again. */
const SPOT_CHECKS: Rhythm = { kind: 'messages-per-second', count: 0.2 }
const EACH_ROW: Rhythm = { kind: 'each-row' }
const OXIMETER: readonly RecordedField[] = ['spo2', 'pulseRate']

const KINDS: readonly DeviceKind[] = [
  nonin('df2'),
  nonin('df7'),
  {
    protocol: 'nonin-df8',
    link: 'serial',
    rhythm: EVERY_SECOND,
    plays: OXIMETER,
    createEncoder:
      () =>
      ({ row }) =>
        encodeNoninDf8(noninReading(row)),
  },
  {
    protocol: 'nonin-df13',
    link: 'serial',
    rhythm: SPOT_CHECKS,
    plays: OXIMETER,
    createEncoder:
      ({ nowMs }) =>
      ({ row }) =>
        encodeNoninDf13(noninReading(row), nowMs()),
  },
  {
    protocol: 'contec-5byte',
    link: 'serial',
    rhythm: EVERY_SECOND,
    plays: OXIMETER,
    createEncoder: ({ seed }) => {
      const encoder = createContecEncoder('5byte', seed)
      return ({ row, atS }) => encoder.packets(contec5ByteReading(row, atS), CONTEC_PACKETS_PER_SECOND)
    },
  },
  {
    protocol: 'masimo-ascii1',
    link: 'serial',
    rhythm: EVERY_SECOND,
    plays: OXIMETER,
    createEncoder:
      ({ serial, nowMs }) =>
      ({ row, atS }) =>
        encodeMasimoLine({ reading: masimoReading(row, atS), deviceTimeMs: nowMs(), serial }),
  },
  {
    protocol: 'ivy-ansarb',
    link: 'serial',
    rhythm: EVERY_SECOND,
    plays: [...OXIMETER, 'heartRate', 'respRate', 'nibpSystolic', 'nibpDiastolic', 'nibpMean'],
    createEncoder: ({ seed }) => {
      const encoder = createIvyEncoder(seed)
      return ({ row }) => encoder.message(ivyReading(row))
    },
  },
  {
    protocol: 'ble-heart-rate',
    link: 'ble',
    rhythm: EVERY_SECOND,
    plays: ['heartRate'],
    create: createHeartRatePeripheral,
    grants: 'encrypted',
    stream: '2A37',
  },
  {
    protocol: 'ble-pulse-oximeter',
    link: 'ble',
    rhythm: EVERY_SECOND,
    plays: OXIMETER,
    create: createPulseOximeterPeripheral,
    grants: 'encrypted',
    stream: '2A5F',
  },
  {
    protocol: 'ble-cgm',
    link: 'ble',
    rhythm: EACH_ROW,
    plays: ['glucoseMgDl'],
    create: createCgmPeripheral,
    grants: 'authenticated',
    stream: '2AA7',
  },
  {
    protocol: 'ble-insulin-delivery',
    link: 'ble',
    rhythm: EACH_ROW,
    plays: ['basalIUh', 'bolusIU', 'insulinOnBoardIU'],
    create: createInsulinPumpPeripheral,
    grants: 'authenticated',
    stream: '2B20',
  },
  {
    protocol: 'ble-thermometer',
    link: 'ble',
    rhythm: { kind: 'messages-per-second', count: 0.2 },
    // Its temperature is by script.
    plays: [],
    create: createThermometerPeripheral,
    grants: 'encrypted',
    stream: '2A1C',
  },
  {
    protocol: 'ble-blood-pressure',
    link: 'ble',
    rhythm: EACH_ROW,
    plays: ['nibpSystolic', 'nibpDiastolic', 'nibpMean'],
    create: createBloodPressurePeripheral,
    grants: 'encrypted',
    stream: '2A35',
  },
  {
    protocol: 'ble-glucose',
    link: 'ble',
    rhythm: EACH_ROW,
    plays: ['glucoseMgDl'],
    create: createGlucosePeripheral,
    grants: 'encrypted',
    stream: '2A52',
  },
]

const ALL_KINDS: readonly DeviceKind[] = [...KINDS, ...TALKING_KINDS]

export const SIMULATED_PROTOCOLS: readonly string[] = ALL_KINDS.map(({ protocol }) => protocol)

export function kindOf(protocol: string): DeviceKind | undefined {
  return ALL_KINDS.find((kind) => kind.protocol === protocol)
}

function nonin(format: NoninFormat): SerialKind {
  return {
    protocol: `nonin-${format}`,
    link: 'serial',
    rhythm: { kind: 'messages-per-second', count: NONIN_PACKETS_PER_SECOND },
    plays: OXIMETER,
    createEncoder: ({ seed }) => {
      const encoder = createNoninEncoder(format, seed)
      return ({ row }) => encoder.packet(noninReading(row))
    },
  }
}
