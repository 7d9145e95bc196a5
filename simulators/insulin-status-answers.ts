/** The Status Reader Control Point (2B24) of a simulated pump: it tells, and there is nothing in it that acts. */

import { float, sfloat, u16 } from './gatt-octets.ts'
import type { PumpReading } from './insulin-pump.ts'

const OP_CODES = {
  responseCode: 0x0303,
  resetStatus: 0x030c,
  getActiveBolusIds: 0x0330,
  activeBolusIds: 0x033f,
  getActiveBolusDelivery: 0x0356,
  activeBolusDelivery: 0x0359,
  getActiveBasalRate: 0x0365,
  activeBasalRate: 0x036a,
  getDeliveredInsulin: 0x03c0,
  deliveredInsulin: 0x03cf,
  getInsulinOnBoard: 0x03f3,
  insulinOnBoard: 0x03fc,
} as const

const RESULT = { success: 0x0f, notSupported: 0x70, invalidOperand: 0x71, notApplicable: 0x74 } as const

export interface StatusAnswer {
  /** Op code and operand of the indication, without the end-to-end octets. */
  readonly octets: readonly number[]
  /** Bits of 2B20 to clear. */
  readonly resetBits?: number
}

/** `request` without its end-to-end octets. */
export function answerStatusRequest(request: Uint8Array, reading: PumpReading): StatusAnswer {
  const opCode = wordAt(request, 0)
  const answer = ANSWERS.get(opCode)
  if (answer === undefined) return response(opCode, RESULT.notSupported)
  if (request.length !== 2 + answer.operandBytes) return response(opCode, RESULT.invalidOperand)
  return answer.give(request.subarray(2), reading)
}

interface Answer {
  readonly operandBytes: number
  readonly give: (operand: Uint8Array, reading: PumpReading) => StatusAnswer
}

const PROFILE_TEMPLATE = 1

const ANSWERS: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [
    OP_CODES.resetStatus,
    {
      operandBytes: 2,
      give: (operand) => ({
        ...response(OP_CODES.resetStatus, RESULT.success),
        resetBits: wordAt(operand, 0),
      }),
    },
  ],
  [
    OP_CODES.getActiveBolusIds,
    {
      operandBytes: 0,
      give: (_operand, { bolus }) =>
        told(OP_CODES.activeBolusIds, bolus === undefined ? [0] : [1, ...u16(bolus.id)]),
    },
  ],
  [OP_CODES.getActiveBolusDelivery, { operandBytes: 3, give: bolusDelivery }],
  [
    OP_CODES.getActiveBasalRate,
    {
      operandBytes: 0,
      give: (_operand, { basalIUh }) =>
        told(OP_CODES.activeBasalRate, [0, PROFILE_TEMPLATE, ...sfloat(basalIUh)]),
    },
  ],
  [
    OP_CODES.getDeliveredInsulin,
    {
      operandBytes: 0,
      give: (_operand, { deliveredBolusIU, deliveredBasalIU }) =>
        told(OP_CODES.deliveredInsulin, [...float(deliveredBolusIU), ...float(deliveredBasalIU)]),
    },
  ],
  [
    OP_CODES.getInsulinOnBoard,
    {
      operandBytes: 0,
      give: (_operand, { insulinOnBoardIU }) =>
        insulinOnBoardIU === undefined
          ? response(OP_CODES.getInsulinOnBoard, RESULT.notApplicable)
          : told(OP_CODES.insulinOnBoard, [0, ...sfloat(insulinOnBoardIU)]),
    },
  ],
])

const FAST_BOLUS = 0x33
const SELECT = { programmed: 0x0f, remaining: 0x33, delivered: 0x3c } as const
const REASON_CORRECTION = 0x08
const REASON_MEAL = 0x10

/** The recording names the whole amount at one instant: all of it is delivered, nothing remains. */
function bolusDelivery(operand: Uint8Array, { bolus }: PumpReading): StatusAnswer {
  const select = operand[2] ?? 0
  if (bolus === undefined || wordAt(operand, 0) !== bolus.id)
    return response(OP_CODES.getActiveBolusDelivery, RESULT.invalidOperand)
  if (!Object.values<number>(SELECT).includes(select))
    return response(OP_CODES.getActiveBolusDelivery, RESULT.invalidOperand)
  const reasons = (bolus.isCorrection ? REASON_CORRECTION : 0) | (bolus.isMeal ? REASON_MEAL : 0)
  const fastIU = select === SELECT.remaining ? 0 : bolus.amountIU
  return told(OP_CODES.activeBolusDelivery, [
    reasons,
    ...u16(bolus.id),
    FAST_BOLUS,
    ...sfloat(fastIU),
    ...sfloat(0),
    ...u16(0),
  ])
}

function told(opCode: number, operand: readonly number[]): StatusAnswer {
  return { octets: [...u16(opCode), ...operand] }
}

function response(requestOpCode: number, result: number): StatusAnswer {
  return told(OP_CODES.responseCode, [...u16(requestOpCode), result])
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}
