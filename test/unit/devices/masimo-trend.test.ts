import { describe, expect, it } from '@jest/globals'
import { masimoTrend } from '../../../devices/masimo-trend.ts'
import { decodeChunks } from '../../support/stream-vectors.ts'

const decode = (line: string) => decodeChunks(masimoTrend, [Buffer.from(`${line}\r\n`)])

describe('Masimo trend download', () => {
  it('is history, each line at the time of the device', () => {
    const bytes = Buffer.from('09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=800:SET\r\n')
    expect(masimoTrend.createDriver().receive({ kind: 'bytes', bytes }, 0)[0]).toMatchObject({
      kind: 'observation',
      isHistory: true,
      deviceTime: { epochMs: Date.parse('2008-09-21T09:56:12Z'), zone: 'unknown' },
    })
  })

  it('never takes 000 for a number, also when nothing is wrong', () => {
    const numerics = decode('09/21/08 09:56:18 SpO2=000 PR=000 PI=00.00 EXC=800:SET').filter(
      ({ kind }) => kind === 'numeric',
    )
    expect(numerics.map(({ value, q }) => ({ value, q }))).toEqual(
      Array.from({ length: 3 }, () => ({ value: null, q: 'absent' })),
    )
  })

  it('keeps a number that a flag forbids as invalid', () => {
    expect(decode('09/21/08 09:56:18 SpO2=091 PR=060 PI=00.40 EXC=820:OffPat,SET')[0]).toMatchObject({
      value: 91,
      q: 'invalid',
      why: ['sensor_off'],
    })
  })

  it.each([
    ['a live line', '09/21/08 09:56:12 SPO2=097% BPM=069 ALARM=0000 EXC=000800', 'malformed'],
    ['a word of EXC that is not hex', '09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=SET', 'malformed'],
    ['an impossible pulse', '09/21/08 09:56:12 SpO2=097 PR=469 PI=04.69 EXC=800:SET', 'out-of-range'],
  ])('drops %s', (_, line, reason) => {
    expect(decode(line).map((output) => output['reason'])).toEqual([reason])
  })
})
