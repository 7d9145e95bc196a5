/**
 * An insulin pump: Insulin Delivery Service 183A with end-to-end protection. It tells its state and takes no order:
 * the command control point 2B25 does not exist on it.
 */

import { ATT_ERRORS } from '../devices/framing/att-error.ts'
import { acceptsCounter, COUNTER_AT_CONNECT, crcOf, endsWithCrc } from '../devices/gatt/e2e.ts'
import { commonServices, type CreateBleDevice } from './ble-device.ts'
import { sfloat, u16, u24 } from './gatt-octets.ts'
import { createInsulinPump, type PumpReading } from './insulin-pump.ts'
import { answerStatusRequest } from './insulin-status-answers.ts'
import { createPumpHistory } from './pump-history.ts'
import { createProtectedValues } from './protected-values.ts'

const APPEARANCE_INSULIN_PUMP = 0x0d40

const THERAPY_RUN = 0x55
const OPERATION_READY = 0x96
const UNDETERMINED = 0x0f
const RESERVOIR_ATTACHED = 0x01
const NO_ANNUNCIATION = 0x00

/** Bits of 2B20. */
const CHANGED = {
  therapyState: 1 << 0,
  operationalState: 1 << 1,
  reservoir: 1 << 2,
  totalDailyInsulin: 1 << 4,
  basalRate: 1 << 5,
  activeBolus: 1 << 6,
  historyEvent: 1 << 7,
} as const
/** What 2B21 tells. */
const IN_STATUS = CHANGED.therapyState | CHANGED.operationalState | CHANGED.reservoir

/** End-to-end protection, basal rate, fast bolus, insulin on board. */
const FEATURES = (1 << 0) | (1 << 1) | (1 << 5) | (1 << 15)
const CONCENTRATION_IU_ML = 100

/** Op code, counter and CRC. */
const SHORTEST_REQUEST_BYTES = 5
const E2E_BYTES = 3

const INVALID_CRC = 0x81
const INVALID_COUNTER = 0x82

export const createInsulinPumpPeripheral: CreateBleDevice = (options) => {
  const { serial, rowAtStart, notify, indicate } = options
  const pump = createInsulinPump(rowAtStart)
  const history = createPumpHistory(options.recordingStartMs)
  const values = createProtectedValues(indicate)
  const lastReceived = new Map<string, number>()
  let changedBits = 0
  let isKnown = rowAtStart !== undefined

  const changedOctets = (): readonly number[] => u16(changedBits)
  const statusOctets = (): readonly number[] => [
    isKnown ? THERAPY_RUN : UNDETERMINED,
    isKnown ? OPERATION_READY : UNDETERMINED,
    ...sfloat(pump.reading.reservoirIU),
    RESERVOIR_ATTACHED,
  ]
  const features = (): Uint8Array => {
    const content = Uint8Array.of(values.count('2B23'), ...sfloat(CONCENTRATION_IU_ML), ...u24(FEATURES))
    // Here the CRC and the counter stand in front.
    return Uint8Array.of(...u16(crcOf(content)), ...content)
  }
  /** The end-to-end octets of a request; the error code of a refusal. */
  const unsealed = (characteristic: string, bytes: Uint8Array): Uint8Array | number => {
    if (bytes.length < SHORTEST_REQUEST_BYTES) return ATT_ERRORS['invalid-value-length']
    if (!endsWithCrc(bytes)) return INVALID_CRC
    const counter = bytes[bytes.length - E2E_BYTES] ?? 0
    if (!acceptsCounter(lastReceived.get(characteristic) ?? COUNTER_AT_CONNECT, counter))
      return INVALID_COUNTER
    lastReceived.set(characteristic, counter)
    // "One procedure at a time over all control points."
    const isBusy = values.isWaiting('2B24') || values.isWaiting('2B27')
    return isBusy ? ATT_ERRORS['procedure-already-in-progress'] : bytes.subarray(0, -E2E_BYTES)
  }
  const request = (bytes: Uint8Array): number | undefined => {
    const content = unsealed('2B24', bytes)
    if (typeof content === 'number') return content
    const { octets, resetBits = 0 } = answerStatusRequest(content, pump.reading)
    changedBits &= ~resetBits
    values.indicate('2B24', () => octets)
    return undefined
  }
  const requestHistory = (bytes: Uint8Array): number | undefined => {
    const content = unsealed('2B27', bytes)
    if (typeof content === 'number') return content
    const { events, answer } = history.report(content)
    for (const event of events) notify('2B28', event)
    values.indicate('2B27', () => answer)
    return undefined
  }

  const guard = { security: 'authenticated', needsAuthorization: true } as const
  return {
    name: `Pump ${serial.slice(-4)}`,
    appearance: APPEARANCE_INSULIN_PUMP,
    services: [
      {
        uuid: '183A',
        characteristics: [
          {
            uuid: '2B20',
            properties: ['read', 'indicate'],
            ...guard,
            onRead: () => values.protect('2B20', changedOctets()),
          },
          {
            uuid: '2B21',
            properties: ['read', 'indicate'],
            ...guard,
            onRead: () => values.protect('2B21', statusOctets()),
          },
          {
            uuid: '2B22',
            properties: ['read', 'indicate'],
            ...guard,
            onRead: () => values.protect('2B22', [NO_ANNUNCIATION]),
          },
          { uuid: '2B23', properties: ['read'], ...guard, onRead: features },
          { uuid: '2B24', properties: ['write', 'indicate'], ...guard, onWrite: request },
          { uuid: '2B27', properties: ['write', 'indicate'], ...guard, onWrite: requestHistory },
          { uuid: '2B28', properties: ['notify'], ...guard },
        ],
      },
      ...commonServices('SIM-IDD1', serial),
    ],
    say({ row, atS }) {
      const before = pump.reading
      const wasKnown = isKnown
      isKnown = row !== undefined
      const after = pump.apply(row)
      const events = history.note(before, after, atS) ? CHANGED.historyEvent : 0
      const changes = changesBetween(before, after) | stateChange(wasKnown !== isKnown) | events
      if (changes === 0) return
      changedBits |= changes
      if ((changes & IN_STATUS) !== 0) values.indicate('2B21', statusOctets)
      values.indicate('2B20', changedOctets)
    },
    onConnected() {
      values.restart()
      lastReceived.clear()
    },
  }
}

function stateChange(hasChanged: boolean): number {
  return hasChanged ? CHANGED.therapyState | CHANGED.operationalState : 0
}

function changesBetween(before: PumpReading, after: PumpReading): number {
  const hasDelivered =
    before.deliveredBasalIU !== after.deliveredBasalIU || before.deliveredBolusIU !== after.deliveredBolusIU
  return (
    (before.reservoirIU === after.reservoirIU ? 0 : CHANGED.reservoir) |
    (hasDelivered ? CHANGED.totalDailyInsulin : 0) |
    (before.basalIUh === after.basalIUh ? 0 : CHANGED.basalRate) |
    (before.bolus?.id === after.bolus?.id ? 0 : CHANGED.activeBolus)
  )
}
