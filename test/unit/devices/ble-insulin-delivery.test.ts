import { describe, expect, it } from '@jest/globals'
import { bleInsulinDelivery } from '../../../devices/ble-insulin-delivery.ts'
import { endsWithCrc } from '../../../devices/gatt/e2e.ts'
import type { DriverOutput } from '../../../devices/protocol.ts'
import { AT_MS, FakePump, PUMP_CHARACTERISTICS, type PumpBehaviour } from '../../support/fake-pump.ts'

type Row = readonly [ref: string, value: number | null, quality: string, why: readonly string[] | undefined]

function numerics(outputs: readonly DriverOutput[]): Row[] {
  return outputs.flatMap((output) =>
    output.kind === 'observation'
      ? output.numerics.map(({ metric, value, quality, why }): Row => [metric.ref, value, quality, why])
      : [],
  )
}

function readingsOf(ref: string, behaviour: PumpBehaviour): Row[] {
  return numerics(new FakePump(behaviour).open()).filter((row) => row[0] === ref)
}

function texts(outputs: readonly DriverOutput[]): unknown[] {
  return outputs.flatMap((output) => (output.kind === 'text' ? [[output.name, output.value]] : []))
}

function writes(pump: FakePump): string[] {
  return pump.commands.flatMap((command) =>
    command.kind === 'write' ? [Buffer.from(command.bytes).toString('hex')] : [],
  )
}

/** Configured 0.85 IU/h, no temporary rate. */
const PLAIN = '6a03000155e0'

describe('the insulin delivery driver', () => {
  it('reads the features first, then subscribes, then asks one thing at a time', () => {
    const pump = new FakePump()
    pump.open()
    expect(pump.commands.slice(0, 10).map((command) => Object.values(command).slice(0, 2))).toEqual([
      ['read', '2B23'],
      ['subscribe', '2B24'],
      ['subscribe', '2B20'],
      ['subscribe', '2B21'],
      ['subscribe', '2B22'],
      ['subscribe', '2B27'],
      ['subscribe', '2B28'],
      ['read', '2B20'],
      ['read', '2B22'],
      ['read', '2B21'],
    ])
    expect(writes(pump)).toEqual([
      '6503',
      '3003',
      'c003',
      'f303',
      '33550f00000000',
      '9503',
      'a6030f0f',
      'a6035533',
    ])
  })

  it('publishes reservoir, basal rate, delivered insulin and insulin on board', () => {
    const outputs = new FakePump().open()
    expect(numerics(outputs)).toEqual([
      ['MDC_AMOUNT_DRUG_REMAIN_CONTAINER', 9, 'valid', undefined],
      ['MDC_FLOW_FLUID_PUMP_CURRENT', 0.85, 'valid', undefined],
      ['MDC_DOSE_DRUG_DELIV', 16.8, 'valid', undefined],
      ['MDCX_INSULIN_ON_BOARD', 1.2, 'valid', undefined],
    ])
    expect(texts(outputs)).toEqual([
      ['insulin_concentration_iu_per_ml', '100'],
      ['therapy_control_state', 'run'],
      ['operational_state', 'ready'],
      ['daily_insulin_bolus', 12.3],
      ['daily_insulin_basal', 4.5],
      ['daily_insulin_total', 16.8],
      ['counter_lifetime_remaining', 10000],
      ['counter_reservoir_operation_elapsed', 96],
    ])
  })

  it('asks only for what the features hold', () => {
    const pump = new FakePump({ features: '000000' })
    pump.open()
    expect(writes(pump)).toEqual(['c003', '33550f00000000', '9503', 'a6030f0f', 'a6035533'])
  })

  it('protects its requests with a counter from 1 and a CRC when the pump does', () => {
    const pump = new FakePump({ isProtected: true })
    expect(numerics(pump.open())).toHaveLength(4)
    const requests = pump.commands.flatMap((command) => (command.kind === 'write' ? [command.bytes] : []))
    // The record access control point counts for itself.
    expect(requests.map((bytes) => bytes.at(-3))).toEqual([1, 2, 3, 4, 1, 5, 6, 7])
    expect(requests.every((bytes) => endsWithCrc(bytes))).toBe(true)
    pump.settle({ kind: 'closed', reason: 'supervision timeout' })
    pump.commands.length = 0
    pump.open()
    expect(pump.commands.find((command) => command.kind === 'write')?.bytes.at(-3)).toBe(1)
  })

  it('says so and asks nothing when the peer is no pump', () => {
    const driver = bleInsulinDelivery.createDriver()
    expect(driver.receive({ kind: 'opened', characteristics: ['2B23', '2B21'] }, AT_MS)).toEqual([
      { kind: 'text', name: 'characteristic_missing', value: '2B24' },
    ])
  })

  it('believes nothing before the features were read', () => {
    const driver = bleInsulinDelivery.createDriver()
    driver.receive({ kind: 'opened', characteristics: PUMP_CHARACTERISTICS }, AT_MS)
    const bytes = Uint8Array.of(0x55, 0x96, 0x5a, 0, 1)
    expect(
      driver.receive({ kind: 'value', characteristic: '2B21', via: 'indication', bytes }, AT_MS),
    ).toEqual([{ kind: 'discarded', reason: 'unsupported', bytes }])
  })
})

describe('the readings of a pump', () => {
  it.each([
    { name: 'without a temporary rate', answer: PLAIN, row: [0.85, 'valid', undefined] },
    {
      name: 'absolute',
      answer: '6a03010155e0330ef01e000a00',
      row: [1.4, 'valid', ['temporary_basal_absolute']],
    },
    {
      name: 'relative',
      answer: '6a03010155e03c7de01e000a00',
      row: [1.0625, 'valid', ['temporary_basal_relative']],
    },
    {
      name: 'of an undetermined kind',
      answer: '6a03010155e00f7de01e000a00',
      row: [null, 'absent', ['temporary_basal_undetermined']],
    },
    {
      name: 'with a factor NaN',
      answer: '6a03010155e03cff071e000a00',
      row: [null, 'absent', ['temporary_basal_relative', 'not_a_number']],
    },
    {
      name: 'NaN times a factor',
      answer: '6a030101ff073c7de01e000a00',
      row: [null, 'absent', ['temporary_basal_relative', 'not_a_number']],
    },
    { name: 'paused', status: '3c965af001', answer: PLAIN, row: [null, 'absent', ['therapy_pause']] },
    { name: 'stopped', status: '33965af001', answer: PLAIN, row: [null, 'absent', ['therapy_stop']] },
    {
      name: 'in an undetermined state',
      status: '0f965af001',
      answer: PLAIN,
      row: [0.85, 'questionable', ['therapy_state_unknown']],
    },
    { name: 'refused', answer: '0303650374', row: [null, 'absent', ['procedure_not_applicable']] },
  ])('the basal rate $name', ({ answer, status = '55965af001', row }) => {
    const behaviour = { answers: { '6503': answer }, values: { '2B21': status } }
    expect(readingsOf('MDC_FLOW_FLUID_PUMP_CURRENT', behaviour)).toEqual([
      ['MDC_FLOW_FLUID_PUMP_CURRENT', ...row],
    ])
  })

  it.each([
    ['5596ff0700', null, 'absent', ['reservoir_not_attached']],
    ['55965af000', null, 'absent', ['reservoir_not_attached']],
    ['5596ff0701', null, 'absent', ['not_a_number']],
    ['5596000001', 0, 'valid', undefined],
  ])('the reservoir of status %s', (status, value, quality, why) => {
    expect(readingsOf('MDC_AMOUNT_DRUG_REMAIN_CONTAINER', { values: { '2B21': status } })).toEqual([
      ['MDC_AMOUNT_DRUG_REMAIN_CONTAINER', value, quality, why],
    ])
  })

  it('asks for the delivered part of every running bolus', () => {
    const pump = new FakePump({
      answers: {
        '3003': '3f03020900d204',
        '560309003c': '59030009003c00000ff01e00',
        '5603d2043c': '590300d2045538f00ff01e00',
      },
    })
    expect(numerics(pump.open()).filter(([ref]) => ref === 'MDC_DOSE_DRUG_BOLUS')).toEqual([
      ['MDC_DOSE_DRUG_BOLUS', 1.5, 'valid', ['bolus_in_progress', 'bolus_extended']],
      ['MDC_DOSE_DRUG_BOLUS', 7.1, 'valid', ['bolus_in_progress', 'bolus_multiwave']],
    ])
  })

  it('takes no answer about another bolus than the one asked for', () => {
    const pump = new FakePump({ answers: { '3003': '3f03010900', '5603': '59030008003c00000ff01e00' } })
    const outputs = pump.open()
    expect(outputs).toContainEqual(expect.objectContaining({ reason: 'unexpected-op-code' }))
    expect(numerics(outputs).map(([ref]) => ref)).not.toContain('MDC_DOSE_DRUG_BOLUS')
  })

  it('tells states again only when they change', () => {
    const pump = new FakePump()
    pump.open()
    expect(texts(pump.indicate('2B21', '55965af001'))).toEqual([])
    expect(texts(pump.indicate('2B21', '33965af001'))).toEqual([['therapy_control_state', 'stop']])
  })

  it('raises the annunciation the pump shows and ends it when it is gone', () => {
    const pump = new FakePump()
    pump.open()
    expect(pump.indicate('2B22', '0101003c0033')).toMatchObject([
      { code: 'occlusion-detected', phase: 'present', source: 'technical', flags: ['pending'] },
    ])
    expect(pump.indicate('2B22', '0101003c0033')).toEqual([])
    expect(pump.indicate('2B22', '0101003c0055')).toMatchObject([{ phase: 'present', flags: ['confirmed'] }])
    expect(pump.indicate('2B22', '00')).toMatchObject([{ code: 'occlusion-detected', phase: 'ended' }])
  })
})
