import { hexOf } from '../framing/hex.ts'
import { date, dateTime, dstOffset, timeZone } from './date-time.ts'
import { manufacturerWord, refuseWord, word } from './hamming.ts'
import {
  activation,
  ANNUNCIATION_STATUS,
  annunciationType,
  auxiliary,
  bolusAmounts,
  bolusId,
  bolusOptions,
  delayMin,
  durationMin,
  instanceId,
  OPERATIONAL_STATE,
  TBR_TYPE,
  template,
  THERAPY_STATE,
  therapyContext,
} from './insulin-words.ts'
import { type Codes, type Field, type Fields, fields, flagged, integer, sfloat } from './layout.ts'
import type { ByteReader } from '../framing/byte-reader.ts'

const TIME_REASON: Codes = {
  0x0f: 'undetermined',
  0x33: 'set-date-time',
  0x3c: 'periodic',
  0x55: 'date-time-loss',
}
const BOLUS_END: Codes = {
  0x0f: 'undetermined',
  0x33: 'programmed-amount-delivered',
  0x3c: 'canceled',
  0x55: 'error-abort',
}
const TBR_END: Codes = {
  0x0f: 'undetermined',
  0x33: 'programmed-duration-over',
  0x3c: 'canceled',
  0x55: 'error-abort',
}
const PRIMING_END: Codes = {
  0x0f: 'undetermined',
  0x33: 'aborted-by-user',
  0x3c: 'programmed-amount-reached',
  0x55: 'error-abort',
}
// Not the codes of the template status.
const PROFILE_TYPE: Codes = {
  0x33: 'basal-profile',
  0x3c: 'isf-profile',
  0x55: 'i2cho-profile',
  0x5a: 'target-profile',
}

interface HistoryEvent {
  readonly name: string
  readonly fields: readonly Field[]
}

const timeReason = word('reason', 'u8', TIME_REASON)
const tbr = [word('type', 'u8', TBR_TYPE), sfloat('value')]
const programmedMin = integer('programmedMin', 'u16')
const calculatedBolus = [
  sfloat('fastMealIU'),
  sfloat('fastCorrectionIU'),
  sfloat('extendedMealIU'),
  sfloat('extendedCorrectionIU'),
]
const profileBlock = [template, integer('block', 'u8'), durationMin]

function event(name: string, ...list: readonly Field[]): HistoryEvent {
  return { name, fields: list }
}

function change(kind: string, codes: Codes): HistoryEvent {
  return event(kind, word('old', 'u8', codes), word('new', 'u8', codes))
}

const EVENTS: Readonly<Record<number, HistoryEvent>> = {
  0x000f: event(
    'reference-time',
    timeReason,
    dateTime('dateTime'),
    timeZone('timeZoneMin'),
    dstOffset('dstMin'),
  ),
  0x0033: event(
    'reference-time-base-offset',
    timeReason,
    dateTime('baseTime'),
    integer('timeOffsetMin', 's16'),
  ),
  0x003c: event('bolus-calculated-1', ...calculatedBolus),
  0x0055: event('bolus-calculated-2', ...calculatedBolus),
  0x005a: event('bolus-programmed-1', bolusId, ...bolusAmounts),
  0x0066: event('bolus-programmed-2', flagged(bolusOptions)),
  0x0069: event('bolus-delivered-1', bolusId, ...bolusAmounts),
  0x0096: event(
    'bolus-delivered-2',
    flagged(({ when }) => [
      integer('startOffsetSeconds', 'u32'),
      when(0, activation),
      when(1, word('endReason', 'u8', BOLUS_END)),
      when(2, instanceId),
    ]),
  ),
  0x0099: event(
    'delivered-basal-rate-changed',
    flagged(({ when }) => [sfloat('oldIUh'), sfloat('newIUh'), when(0, therapyContext)]),
  ),
  0x00a5: event(
    'tbr-started',
    flagged(({ when }) => [...tbr, programmedMin, when(0, template)]),
  ),
  0x00aa: event(
    'tbr-ended',
    flagged(({ when }) => [
      word('type', 'u8', TBR_TYPE),
      integer('effectiveMin', 'u16'),
      word('endReason', 'u8', TBR_END),
      when(0, template),
      when(1, instanceId),
    ]),
  ),
  0x00c3: event(
    'tbr-changed',
    flagged(({ when }) => [...tbr, programmedMin, integer('elapsedMin', 'u16'), when(0, template)]),
  ),
  0x00cc: event(
    'profile-template-activated',
    word('profileType', 'u8', PROFILE_TYPE),
    integer('oldTemplate', 'u8'),
    integer('newTemplate', 'u8'),
  ),
  0x00f0: event('basal-profile-block-changed', ...profileBlock, sfloat('value')),
  0x00ff: event(
    'total-daily-insulin',
    flagged(({ mark }) => [sfloat('bolusIU'), sfloat('basalIU'), date('date'), mark('dateTimeChanged', 0)]),
  ),
  0x0303: change('therapy-control-state-changed', THERAPY_STATE),
  0x030c: change('operational-state-changed', OPERATIONAL_STATE),
  0x0330: event('reservoir-remaining-changed', sfloat('reservoirIU')),
  0x033f: event(
    'annunciation-status-changed-1',
    flagged((flags) => [
      instanceId,
      annunciationType,
      word('status', 'u8', ANNUNCIATION_STATUS),
      auxiliary(flags, [
        [0, 1],
        [1, 2],
      ]),
    ]),
  ),
  0x0356: event(
    'annunciation-status-changed-2',
    flagged((flags) => [
      auxiliary(flags, [
        [0, 3],
        [1, 4],
        [2, 5],
      ]),
    ]),
  ),
  0x0359: event('isf-profile-block-changed', ...profileBlock, sfloat('value')),
  0x0365: event('i2cho-profile-block-changed', ...profileBlock, sfloat('value')),
  0x036a: event('target-profile-block-changed', ...profileBlock, sfloat('lower'), sfloat('upper')),
  0x0395: event('priming-started', sfloat('amountIU')),
  0x039a: event(
    'priming-done',
    flagged(({ when }) => [sfloat('amountIU'), word('reason', 'u8', PRIMING_END), when(0, instanceId)]),
  ),
  0x03a6: event('data-corruption'),
  0x03a9: event('pointer'),
  0x03c0: event('bolus-template-changed-1', template, ...bolusAmounts),
  0x03cf: event(
    'bolus-template-changed-2',
    flagged(({ when, mark }) => [when(0, delayMin), mark('correction', 1), mark('meal', 2)]),
  ),
  0x03f3: event('tbr-template-changed', template, ...tbr, durationMin),
  0x03fc: event('max-bolus-changed', sfloat('oldIU'), sfloat('newIU')),
}

// The content of a manufacturer's event is his own.
const manufacturerData: Field = (reader, out) => {
  const data = reader.rest()
  if (data.length > 0) out['data'] = hexOf(data)
}

/** 2B28 IDD History Data: one event. */
export function historyData(reader: ByteReader, out: Fields): void {
  const type = reader.u16()
  const known = EVENTS[type]
  const name = known?.name ?? manufacturerWord(type)
  if (name === undefined) refuseWord(reader, type)
  out['event'] = name
  integer('sequence', 'u32')(reader, out)
  integer('offsetSeconds', 'u16')(reader, out)
  if (name !== undefined) fields(...(known?.fields ?? [manufacturerData]))(reader, out)
}
