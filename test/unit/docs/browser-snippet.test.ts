import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { admitWaveform } from '../../../gateway/stages/admit-waveform.ts'
import { ingestWaveform, packed } from '../../support/relayed.ts'
import { OXIMETER } from '../../support/sets.ts'

const page = readFileSync(new URL('../../../docs/schema/README.md', import.meta.url), 'utf8')
const snippet = /```js\n([\s\S]+?)```/.exec(page)?.[1] ?? ''

/** Runs the page's function with nothing but what a browser has. */
function readInBrowser(change: object): unknown {
  const entry = OXIMETER
  const nowMs = Date.parse('2026-09-20T10:15:00.050Z')
  const verdict = admitWaveform(ingestWaveform(change), { gateway: 'gw-1', entry, nowMs })
  if (verdict.verdict !== 'accepted') throw new Error('refused')
  const text = JSON.stringify(verdict.block)
  const json = runInNewContext(`${snippet}\nJSON.stringify(readBlock(JSON.parse(text)))`, { text, atob })
  return JSON.parse(String(json))
}

describe('the browser code of docs/schema/README.md', () => {
  const at = (ms: number) => Date.parse('2026-09-20T10:14:59.000Z') + ms
  const clock = { t: '2026-09-20T10:14:59.000Z', rate: 100, periodUs: 10_000 }

  it('reads a block of two bytes a sample, with its times and gaps', () => {
    expect(readInBrowser({ ...clock, ...packed([5, null, -7]) })).toEqual([
      { atMs: at(0), value: 5 },
      { atMs: at(10), value: null },
      { atMs: at(20), value: -7 },
    ])
  })

  it('reads a block of four bytes a sample, with its scale', () => {
    const scale = { resolution: 0.5, offset: 10, unit: 'mV' }
    expect(readInBrowser({ ...clock, scale, ...packed([100_000, null]) })).toEqual([
      { atMs: at(0), value: 50_010 },
      { atMs: at(10), value: null },
    ])
  })
})
