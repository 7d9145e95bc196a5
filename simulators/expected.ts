/** What a simulated device will have said, worked out without a byte: what arrives is compared with this. */

import { nibpReading } from './blood-pressure-peripheral.ts'
import { contec5ByteReading, contecReading } from './contec-encoder.ts'
import { expectAsena, expectBcc, expectHl7 } from './expected-infusion.ts'
import { expectDri, expectMedibus } from './expected-ventilation.ts'
import { kindOf } from './device-kinds.ts'
import { metric, type ExpectedMetric } from './expected-metric.ts'
import { oximeterReading } from './finger-oximeter.ts'
import { createGlucoseMeter } from './glucose-meter.ts'
import { createGlucoseSensor } from './glucose-sensor.ts'
import { createStrap } from './heart-rate-strap.ts'
import { createInsulinPump } from './insulin-pump.ts'
import { cuffReading, intellivueReading } from './intellivue-numerics.ts'
import { ivyReading } from './ivy-encoder.ts'
import { masimoReading } from './masimo-encoder.ts'
import { noninReading } from './nonin-encoder.ts'
import { rowAt, type RecordedRow, type Recording } from './recording.ts'
import { SimulatorError } from './simulator-error.ts'
import { earTemperatureCel } from './thermometer-peripheral.ts'
import { TALKING_KINDS } from './talking-kinds.ts'
import { timeline, type Due, type Replay } from './timeline.ts'

export type { ExpectedMetric } from './expected-metric.ts'

export interface ExpectedSet {
  /** Recording time. */
  readonly atS: number
  readonly metrics: readonly ExpectedMetric[]
}

/** `rowAtStart` is what was recorded last when the replay begins. */
type CreateExpectation = (rowAtStart: RecordedRow | undefined) => Expectation
type Expectation = (due: Due) => readonly ExpectedMetric[] | undefined

/**
 * One set for each message, in order, at the resolution of the device: a Nonin sends three equal ones a second. An
 * insulin pump answers what it is asked, so its sets are what its answers can hold from that row on, the first one
 * before any row is due.
 */
export function expectedSets(recording: Recording, protocol: string, replay: Replay): readonly ExpectedSet[] {
  const kind = kindOf(protocol) ?? TALKING_KINDS.find((talking) => talking.protocol === protocol)
  const rowAtStart = rowAt(recording, replay.startS)
  const expect = EXPECTATIONS[protocol]?.(rowAtStart)
  if (kind === undefined || expect === undefined)
    throw new SimulatorError(`no simulator for the protocol '${protocol}'`)
  const asked: Due = { atS: replay.startS, elapsedS: 0, row: rowAtStart }
  const dues = [...(protocol === PUMP ? [asked] : []), ...timeline(recording, replay, kind.rhythm)]
  const expectMore = LATER_EXPECTATIONS[protocol]?.(rowAtStart)
  return dues.flatMap((due) =>
    [expect(due), expectMore?.(due)].flatMap((metrics) =>
      metrics === undefined ? [] : [{ atS: due.atS, metrics }],
    ),
  )
}

const PUMP = 'ble-insulin-delivery'

const EXPECTATIONS: Readonly<Record<string, CreateExpectation>> = {
  'nonin-df2': () => expectNonin,
  'nonin-df7': () => expectNonin,
  'nonin-df8': () => expectNonin,
  'nonin-df13': () => expectNonin,
  'contec-5byte': () => expectContec5Byte,
  'contec-v7': () => expectContecV7,
  'masimo-ascii1': () => expectMasimo,
  'ivy-ansarb': () => expectIvy,
  'datex-dri': () => expectDri,
  medibus: () => expectMedibus,
  'ble-heart-rate': expectStrap,
  'ble-pulse-oximeter': () => expectOximeter,
  'ble-cgm': expectGlucose,
  'intellivue-lan': () => expectIntellivue,
  'intellivue-rs232': () => expectIntellivue,
  [PUMP]: expectPump,
  'hl7-mllp': () => expectHl7,
  'bbraun-bcc': () => expectBcc,
  'alaris-asena': () => expectAsena,
  'baxter-as50': () => () => undefined,
  'ble-thermometer': () => expectThermometer,
  'ble-blood-pressure': () => expectCuff,
  'ble-glucose': expectMeter,
}

/** What was measured at a time of its own stands in a set of its own, behind the set of the instant. */
const LATER_EXPECTATIONS: Readonly<Record<string, CreateExpectation>> = {
  'intellivue-lan': expectIntellivueCuff,
  'intellivue-rs232': expectIntellivueCuff,
}

function expectNonin({ row }: Due): readonly ExpectedMetric[] {
  const { pulseRate, spo2 } = noninReading(row)
  return [metric('MDC_PULS_OXIM_PULS_RATE', pulseRate), metric('MDC_PULS_OXIM_SAT_O2', spo2)]
}

function expectContec5Byte({ row, atS }: Due): readonly ExpectedMetric[] {
  const { pulseRate, spo2 } = contec5ByteReading(row, atS)
  return [metric('MDC_PULS_OXIM_PULS_RATE', pulseRate), metric('MDC_PULS_OXIM_SAT_O2', spo2)]
}

function expectContecV7({ row, atS }: Due): readonly ExpectedMetric[] {
  const { pulseRate, spo2, perfusionIndexPct } = contecReading(row, atS)
  return [
    metric('MDC_PULS_OXIM_PULS_RATE', pulseRate),
    metric('MDC_PULS_OXIM_SAT_O2', spo2),
    metric('MDC_BLD_PERF_INDEX', perfusionIndexPct),
  ]
}

function expectMasimo({ row, atS }: Due): readonly ExpectedMetric[] {
  const { spo2, pulseRate, perfusionIndexPct } = masimoReading(row, atS)
  return [
    metric('MDC_PULS_OXIM_SAT_O2', spo2),
    metric('MDC_PULS_OXIM_PULS_RATE', pulseRate),
    metric('MDC_BLD_PERF_INDEX', perfusionIndexPct),
  ]
}

function expectIvy({ row }: Due): readonly ExpectedMetric[] {
  const { heartRate, respRate, spo2, pulseRate, systolic, diastolic, mean } = ivyReading(row)
  return [
    metric('MDC_ECG_HEART_RATE', heartRate),
    metric('MDC_RESP_RATE', respRate),
    metric('MDC_CONC_AWAY_CO2_ET', undefined),
    metric('MDC_PULS_OXIM_SAT_O2', spo2),
    metric('MDC_PULS_OXIM_PULS_RATE', pulseRate),
    metric('MDC_PRESS_BLD_NONINV_SYS', systolic),
    metric('MDC_PRESS_BLD_NONINV_DIA', diastolic),
    metric('MDC_PRESS_BLD_NONINV_MEAN', mean),
    metric('MDC_PULS_RATE_NON_INV', undefined),
    metric('MDC_TEMP', undefined),
  ]
}

function expectIntellivue(due: Due): readonly ExpectedMetric[] {
  const { abp, tempCoreCel, tempSkinCel, heartRate, spo2, pulseRate, respRate } = intellivueReading(due)
  return [
    metric('MDC_PRESS_BLD_ART_ABP_MEAN', abp.mean),
    metric('MDC_PRESS_BLD_ART_ABP_SYS', abp.systolic),
    metric('MDC_PRESS_BLD_ART_ABP_DIA', abp.diastolic),
    metric('MDC_TEMP_CORE', tempCoreCel),
    metric('MDC_TEMP_SKIN', tempSkinCel),
    metric('MDC_ECG_HEART_RATE', heartRate),
    metric('MDC_PULS_OXIM_SAT_O2', spo2),
    metric('MDC_PLETH_PULS_RATE', pulseRate),
    metric('MDC_RESP_RATE', respRate),
  ]
}

/** Told once for each time that the cuff was inflated. */
function expectIntellivueCuff(): Expectation {
  let toldRowAtS: number | undefined
  return (due) => {
    const cuff = cuffReading(due)
    if (cuff === undefined || due.row?.atS === toldRowAtS) return undefined
    toldRowAtS = due.row?.atS
    return [
      metric('MDC_PRESS_BLD_NONINV_SYS', cuff.systolic),
      metric('MDC_PRESS_BLD_NONINV_DIA', cuff.diastolic),
      metric('MDC_PRESS_BLD_NONINV_MEAN', cuff.mean),
    ]
  }
}

function expectStrap(): Expectation {
  const strap = createStrap()
  return ({ row }) => {
    const { heartRate, rr1024 } = strap.read(row)
    const intervals = rr1024.map((raw) => metric('MDC_ECG_TIME_PD_RR_GL', (raw * 1000) / 1024))
    return [metric('MDC_ECG_HEART_RATE', heartRate), ...intervals]
  }
}

function expectOximeter({ row }: Due): readonly ExpectedMetric[] {
  const { spo2, pulseRate } = oximeterReading(row)
  return [metric('MDC_PULS_OXIM_SAT_O2', spo2), metric('MDC_PULS_OXIM_PULS_RATE', pulseRate)]
}

function expectGlucose(): Expectation {
  const sensor = createGlucoseSensor()
  return ({ row }) => {
    const reading = row === undefined ? undefined : sensor.read(row)
    if (reading === undefined) return undefined
    const { glucoseMgDl, trendMgDlMin } = reading
    const trend = trendMgDlMin === undefined ? [] : [metric('MDCX_GLU_RATE_OF_CHANGE', trendMgDlMin)]
    return [metric('MDC_CONC_GLU_ISF', glucoseMgDl), ...trend]
  }
}

function expectThermometer({ atS }: Due): readonly ExpectedMetric[] {
  return [metric('MDC_TEMP_EAR', earTemperatureCel(atS))]
}

function expectCuff({ row }: Due): readonly ExpectedMetric[] | undefined {
  const reading = nibpReading(row)
  if (reading === undefined) return undefined
  return [
    metric('MDC_PRESS_BLD_NONINV_SYS', reading.systolic),
    metric('MDC_PRESS_BLD_NONINV_DIA', reading.diastolic),
    metric('MDC_PRESS_BLD_NONINV_MEAN', reading.mean),
  ]
}

/** What is stored; it is told when somebody asks. */
function expectMeter(): Expectation {
  const meter = createGlucoseMeter()
  return ({ row }) => {
    const record = row === undefined ? undefined : meter.read(row)
    return record === undefined ? undefined : [metric('MDC_CONC_GLU_CAPILLARY_PLASMA', record.glucoseMgDl)]
  }
}

function expectPump(rowAtStart: RecordedRow | undefined): Expectation {
  const pump = createInsulinPump(rowAtStart)
  return ({ row }) => {
    const { reservoirIU, basalIUh, bolus, insulinOnBoardIU, ...delivered } = pump.apply(row)
    const totalIU = delivered.deliveredBolusIU + delivered.deliveredBasalIU
    return [
      metric('MDC_AMOUNT_DRUG_REMAIN_CONTAINER', reservoirIU),
      metric('MDC_FLOW_FLUID_PUMP_CURRENT', basalIUh),
      ...(bolus === undefined ? [] : [metric('MDC_DOSE_DRUG_BOLUS', bolus.amountIU)]),
      metric('MDC_DOSE_DRUG_DELIV', Number(totalIU.toFixed(3))),
      metric('MDCX_INSULIN_ON_BOARD', insulinOnBoardIU),
    ]
  }
}
