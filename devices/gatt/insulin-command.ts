/**
 * 2B25 Command Control Point and 2B26 Command Data. wardgate recognises this traffic and never produces it:
 * these op codes start, stop and change therapy.
 */

import { result, word } from './hamming.ts'
import { operation, type Operations, requestOpCode } from './insulin-operation.ts'
import {
  bolusAmounts,
  bolusBody,
  bolusId,
  delayMin,
  durationMin,
  instanceId,
  RESULTS,
  SUCCESS,
  TBR_TYPE,
  template,
  THERAPY_STATE,
  therapyContext,
} from './insulin-words.ts'
import { profileRead, profileWrite, templateStatus, writeResponse } from './insulin-profile.ts'
import { bitWords, type Codes, type Field, fields, flagged, sfloat } from './layout.ts'

const COMMAND_RESULTS: Codes = {
  ...RESULTS,
  0x75: 'plausibility-check-failed',
  0x76: 'maximum-bolus-number-reached',
}

const AVAILABLE_BOLUSES = ['fast', 'extended', 'multiwave'] as const

const amountIU = sfloat('amountIU')

const templates: Field = (reader, out) => {
  const count = reader.u8()
  out['templates'] = Array.from(reader.bytes(count))
}

const tbrTemplate = fields(template, word('type', 'u8', TBR_TYPE), sfloat('value'), durationMin)

// Its flag bits differ from those of Set Bolus.
const bolusTemplate = fields(
  template,
  flagged(({ when, mark }) => [...bolusAmounts, when(0, delayMin), mark('correction', 1), mark('meal', 2)]),
)

const setTbr = flagged(({ when, mark }) => [
  word('type', 'u8', TBR_TYPE),
  sfloat('value'),
  durationMin,
  when(0, template),
  when(1, therapyContext),
  mark('change', 2),
])

const COMMANDS: Operations = {
  0x0f55: {
    name: 'response-code',
    operand: (reader, out) => {
      requestOpCode(COMMANDS)(reader, out)
      result('response', SUCCESS, COMMAND_RESULTS)(reader, out)
    },
  },
  0x0f5a: { name: 'set-therapy-control-state', operand: word('therapyControlState', 'u8', THERAPY_STATE) },
  0x0f66: { name: 'set-flight-mode' },
  0x0f69: { name: 'snooze-annunciation', operand: instanceId },
  0x0f96: { name: 'snooze-annunciation-response', operand: instanceId },
  0x0f99: { name: 'confirm-annunciation', operand: instanceId },
  0x0fa5: { name: 'confirm-annunciation-response', operand: instanceId },
  0x0faa: { name: 'read-basal-profile', operand: template },
  0x0fcc: { name: 'write-basal-profile', operand: profileWrite(1) },
  0x0ff0: { name: 'write-basal-profile-response', operand: writeResponse },
  0x0fff: { name: 'set-tbr', operand: setTbr },
  0x1111: { name: 'cancel-tbr' },
  0x111e: { name: 'get-tbr-template', operand: template },
  0x1122: { name: 'get-tbr-template-response', operand: tbrTemplate },
  0x112d: { name: 'set-tbr-template', operand: tbrTemplate },
  0x1144: { name: 'set-tbr-template-response', operand: template },
  0x114b: { name: 'set-bolus', operand: flagged(bolusBody) },
  0x1177: { name: 'set-bolus-response', operand: bolusId },
  0x1178: { name: 'cancel-bolus', operand: bolusId },
  0x1187: { name: 'cancel-bolus-response', operand: bolusId },
  0x1188: { name: 'get-available-boluses' },
  0x11b4: {
    name: 'get-available-boluses-response',
    operand: (reader, out) => {
      out['available'] = bitWords(reader.u8(), AVAILABLE_BOLUSES)
    },
  },
  0x11bb: { name: 'get-bolus-template', operand: template },
  0x11d2: { name: 'get-bolus-template-response', operand: bolusTemplate },
  0x11dd: { name: 'set-bolus-template', operand: bolusTemplate },
  0x11e1: { name: 'set-bolus-template-response', operand: template },
  0x11ee: { name: 'get-template-status' },
  0x121d: { name: 'reset-template-status', operand: templates },
  0x1221: { name: 'reset-template-status-response', operand: templates },
  0x122e: { name: 'activate-profile-templates', operand: templates },
  0x1247: { name: 'activate-profile-templates-response', operand: templates },
  0x1248: { name: 'get-activated-profile-templates' },
  0x1274: { name: 'get-activated-profile-templates-response', operand: templates },
  0x127b: { name: 'start-priming', operand: amountIU },
  0x1284: { name: 'stop-priming' },
  0x128b: { name: 'set-initial-reservoir-fill', operand: amountIU },
  0x12b7: { name: 'reset-reservoir-operation-time' },
  0x12b8: { name: 'read-isf-profile', operand: template },
  0x12de: { name: 'write-isf-profile', operand: profileWrite(1) },
  0x12e2: { name: 'write-isf-profile-response', operand: writeResponse },
  0x12ed: { name: 'read-i2cho-profile', operand: template },
  0x141b: { name: 'write-i2cho-profile', operand: profileWrite(1) },
  0x1427: { name: 'write-i2cho-profile-response', operand: writeResponse },
  0x1428: { name: 'read-target-profile', operand: template },
  0x144e: { name: 'write-target-profile', operand: profileWrite(2) },
  0x1472: { name: 'write-target-profile-response', operand: writeResponse },
  0x147d: { name: 'get-max-bolus' },
  0x1482: { name: 'get-max-bolus-response', operand: amountIU },
  0x148d: { name: 'set-max-bolus', operand: amountIU },
}

const DATA: Operations = {
  0x0fc3: { name: 'read-basal-profile-response', operand: profileRead(1) },
  0x1212: { name: 'get-template-status-response', operand: templateStatus },
  0x12d1: { name: 'read-isf-profile-response', operand: profileRead(1) },
  0x1414: { name: 'read-i2cho-profile-response', operand: profileRead(1) },
  0x1441: { name: 'read-target-profile-response', operand: profileRead(2) },
}

const refuseOp: Field = (reader) => {
  reader.refuse('unexpected-op-code')
}

/** 2B25: what belongs on 2B26 is refused here. */
export const commandControlPoint: Field = operation({ ...refused(DATA), ...COMMANDS })

/** 2B26: what belongs on 2B25 is refused here. */
export const commandData: Field = operation({ ...refused(COMMANDS), ...DATA })

function refused(operations: Operations): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([opCode, { name }]) => [opCode, { name, operand: refuseOp }]),
  )
}
