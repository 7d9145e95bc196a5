import { describe, expect, it } from '@jest/globals'
import type { Alert } from '../../../../devices/protocol.ts'
import { readIngestAlert } from '../../../../gateway/contract/read-payload.ts'
import { ALERT_REFRESH_MS, ALERT_TTL_MS, PresentAlerts } from '../../../../gateway/stages/present-alerts.ts'
import { payloadOf } from '../../../support/sets.ts'

const AT_MS = Date.parse('2026-09-20T10:15:00.000Z')
const LOW: Alert = {
  kind: 'alert',
  code: 'spo2-low',
  priority: 'high',
  source: 'patient',
  phase: 'present',
  text: '** SpO2 LOW',
  flags: ['latched'],
}
const ENDED: Alert = { ...LOW, phase: 'ended' }

function alerts() {
  const protocol = { id: 'masimo-ascii1', version: '1.0.0', ttlMs: 3_000, uncertaintyMs: 2_000 }
  return new PresentAlerts({ device: 'ox-1', protocol, linkName: 'serial', bootId: 'b19' })
}

describe('the alerts of a device at the bedside', () => {
  it('are told word for word when they begin', () => {
    const inactivation = ['audio-paused'] as const
    const about = { mdc: 150456, ref: 'MDC_PULS_OXIM_SAT_O2' }
    const told = alerts().take({ ...LOW, inactivation, about }, AT_MS)
    expect(told).toEqual([
      {
        v: 1,
        device: 'ox-1',
        code: 'spo2-low',
        phase: 'present',
        priority: 'high',
        source: 'patient',
        text: '** SpO2 LOW',
        flags: ['latched'],
        inactivation,
        about,
        seq: 1,
        boot: 'b19',
        t: '2026-09-20T10:15:00.000Z',
        tr: '2026-09-20T10:15:00.000Z',
        ttl: ALERT_TTL_MS,
        src: { link: 'serial', driver: 'masimo-ascii1@1.0.0' },
      },
    ])
    expect(readIngestAlert(payloadOf(told[0]))).toMatchObject({ ok: true })
  })

  it('are told when they change, and not when the device says the same every second', () => {
    const present = alerts()
    present.take(LOW, AT_MS)
    expect(present.take(LOW, AT_MS + 1_000)).toEqual([])
    expect(present.take({ ...LOW, flags: [] }, AT_MS + 2_000)).toMatchObject([{ seq: 2, flags: [] }])
    expect(present.take({ ...LOW, flags: [], priority: 'low' }, AT_MS + 3_000)).toMatchObject([{ seq: 3 }])
  })

  it('are told when they end, also when nobody knew of them', () => {
    const present = alerts()
    present.take(LOW, AT_MS)
    expect(present.take(ENDED, AT_MS)).toMatchObject([{ phase: 'ended', seq: 2 }])
    expect(present.take(ENDED, AT_MS)).toMatchObject([{ phase: 'ended', seq: 3 }])
    expect(present.refresh(AT_MS + 600_000)).toEqual([])
  })

  it('are told again well within their lifetime while they last, as no news', () => {
    const present = alerts()
    present.take(LOW, AT_MS)
    expect(present.refresh(AT_MS + ALERT_REFRESH_MS - 1)).toEqual([])
    expect(present.refresh(AT_MS + ALERT_REFRESH_MS)).toMatchObject([
      { refresh: true, seq: 2, t: '2026-09-20T10:15:20.000Z', tr: '2026-09-20T10:15:00.000Z' },
    ])
    expect(present.refresh(AT_MS + ALERT_REFRESH_MS + 1)).toEqual([])
    expect(ALERT_REFRESH_MS * 2).toBeLessThan(ALERT_TTL_MS)
  })

  it('are not told again after the line was lost, before the device has repeated them', () => {
    const present = alerts()
    present.take(LOW, AT_MS)
    present.lose()
    expect(present.refresh(AT_MS + 300_000)).toEqual([])
    expect(present.take(LOW, AT_MS + 300_000)).toMatchObject([{ phase: 'present', refresh: true }])
    expect(present.refresh(AT_MS + 320_000)).toHaveLength(1)
  })

  it('are never lost for a name or for their length', () => {
    const told = alerts().take(
      { ...LOW, code: 'SpO2 Low!', text: 'x'.repeat(2_000), flags: ['y'.repeat(99)] },
      AT_MS,
    )
    expect(told).toMatchObject([
      { code: 'spo2-low-', text: 'x'.repeat(512), flags: ['text_cut', 'y'.repeat(64)] },
    ])
    expect(readIngestAlert(payloadOf(told[0]))).toMatchObject({ ok: true })
  })

  it('are bounded in number', () => {
    const present = alerts()
    for (let index = 0; index < 64; index++) present.take({ ...LOW, code: `a${index}` }, AT_MS)
    expect(present.take({ ...LOW, code: 'one-more' }, AT_MS)).toBe('alert-limit')
    present.take({ ...ENDED, code: 'a0' }, AT_MS)
    expect(present.take({ ...LOW, code: 'one-more' }, AT_MS)).toHaveLength(1)
    expect(present.take({ ...LOW, code: 'and-more' }, AT_MS)).toBe('alert-limit')
    present.lose()
    expect(present.take({ ...LOW, code: 'and-more' }, AT_MS)).toHaveLength(1)
  })
})
