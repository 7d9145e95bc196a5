import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openEnrolment, type Enrolment } from '../../../certs/enrolment.ts'
import { initStore } from '../../../certs/store.ts'
import { tempDir } from '../../support/temp-dir.ts'

const HOUR_MS = 3_600_000
const nowMs = Date.parse('2026-09-20T10:15:00.000Z')
const KEY_A = 'a1'.repeat(32)
const KEY_B = 'b2'.repeat(32)
const MON_1 = { role: 'device', id: 'mon-1' } as const
const address = '10.0.0.7:40000'

let state: ReturnType<typeof tempDir>
let enrolment: Enrolment

beforeEach(() => {
  state = tempDir()
  initStore({ stateDir: state.path, site: 'wardgate', serverNames: ['localhost'], nowMs })
  enrolment = openEnrolment(state.path)
})
afterEach(() => state.remove())

const claim = (publicKeySha256 = KEY_A, atMs = nowMs) =>
  enrolment.claim({ ...MON_1, publicKeySha256, address, nowMs: atMs })
const recognise = (user: string, code: string, atMs = nowMs) =>
  enrolment.recognise({ user, code, nowMs: atMs })
const settle = (publicKeySha256 = KEY_A, atMs = nowMs) =>
  enrolment.settle({ ...MON_1, publicKeySha256, address, nowMs: atMs, certificatePem: 'PEM' })
const refused = (reason: string) => ({ kind: 'refused', reason })

describe('a code', () => {
  it('is recognised under the id, and under role and id', () => {
    const { code } = enrolment.invite({ ...MON_1, nowMs })
    expect(recognise('mon-1', code)).toEqual({ kind: 'recognised', ...MON_1 })
    expect(recognise('device/mon-1', code.toLowerCase())).toEqual({ kind: 'recognised', ...MON_1 })
  })

  it('is kept as a salted hash, in a file of its owner', () => {
    const { code } = enrolment.invite({ ...MON_1, nowMs })
    const path = join(state.path, 'certs/enrolment.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).not.toContain(code.replaceAll('-', ''))
    expect(readFileSync(path, 'utf8')).not.toContain(code)
  })

  it('is of no use for another id or another role, and the event can say whose it is', () => {
    const { code } = enrolment.invite({ ...MON_1, nowMs })
    enrolment.invite({ role: 'device', id: 'mon-2', nowMs })
    const stranger = { kind: 'refused', reason: 'code-of-another', holder: MON_1 }
    expect(recognise('mon-2', code)).toEqual(stranger)
    expect(recognise('operator/mon-1', code)).toEqual(stranger)
    expect(recognise('mon-3', code)).toEqual(stranger)
  })

  it.each(['', '/', 'mon-1/', 'device/mon-1/x', '../mon-1', 'Device/mon-1', 'server/mon-1', 'mon-9'])(
    'that is wrong is refused for the user %j without a code of its own',
    (user) => {
      enrolment.invite({ ...MON_1, nowMs })
      expect(recognise(user, '0000-0000-0000-0000')).toEqual(refused('no-code'))
    },
  )

  it('ends after its time, by default a day', () => {
    const { code, expiresAtMs } = enrolment.invite({ ...MON_1, nowMs })
    expect(expiresAtMs).toBe(nowMs + 24 * HOUR_MS)
    expect(recognise('mon-1', code, expiresAtMs - 1).kind).toBe('recognised')
    expect(recognise('mon-1', code, expiresAtMs)).toEqual(refused('code-expired'))
    expect(claim(KEY_A, expiresAtMs)).toEqual(refused('code-expired'))
  })

  it('may live shorter, and not longer than a week', () => {
    expect(enrolment.invite({ ...MON_1, nowMs, lifeMs: 60_000 }).expiresAtMs).toBe(nowMs + 60_000)
    for (const lifeMs of [0, -1, Number.NaN, 169 * HOUR_MS])
      expect(() => enrolment.invite({ ...MON_1, nowMs, lifeMs })).toThrow(/up to 7 days/)
  })

  it('is void after ten wrong ones, and a new code helps', () => {
    const { code } = enrolment.invite({ ...MON_1, nowMs })
    for (let attempt = 0; attempt < 9; attempt += 1)
      expect(recognise('mon-1', '0000-0000-0000-0000')).toEqual(refused('wrong-code'))
    expect(recognise('mon-1', code).kind).toBe('recognised')
    expect(recognise('mon-1', 'nonsense')).toEqual(refused('wrong-code'))
    expect(recognise('mon-1', code)).toEqual(refused('code-void'))
    expect(claim()).toEqual(refused('code-void'))
    const again = enrolment.invite({ ...MON_1, nowMs })
    expect(recognise('mon-1', again.code).kind).toBe('recognised')
    expect(recognise('mon-1', code)).toEqual(refused('wrong-code'))
  })

  it('is not used up by being asked for: only by a certificate', () => {
    const { code } = enrolment.invite({ ...MON_1, nowMs })
    expect(claim(KEY_A)).toEqual({ kind: 'authorised' })
    expect(recognise('mon-1', code).kind).toBe('recognised')
    expect(claim(KEY_B)).toEqual({ kind: 'authorised' })
  })

  it('once used is good for nobody but the key it was used for', () => {
    const { code } = enrolment.invite({ ...MON_1, nowMs })
    settle()
    expect(recognise('mon-1', code).kind).toBe('recognised')
    expect(claim(KEY_A)).toEqual({ kind: 'repeat', certificatePem: 'PEM' })
    expect(claim(KEY_B)).toEqual(refused('code-used'))
    settle(KEY_B)
    expect(claim(KEY_B)).toEqual(refused('code-used'))
  })

  it('is remembered for a month after its end, then forgotten', () => {
    const { code } = enrolment.invite({ ...MON_1, nowMs })
    const laterMs = nowMs + 32 * 24 * HOUR_MS
    expect(recognise('mon-1', code, laterMs)).toEqual(refused('code-expired'))
    enrolment.invite({ role: 'device', id: 'mon-2', nowMs: laterMs })
    expect(recognise('mon-1', code, laterMs)).toEqual(refused('no-code'))
  })
})

describe('a code that needs an operator', () => {
  beforeEach(() => {
    enrolment.invite({ ...MON_1, nowMs, approval: 'operator' })
  })

  it('makes a request that waits, for one key alone', () => {
    expect(claim()).toEqual({ kind: 'pending', isNew: true })
    expect(claim()).toEqual({ kind: 'pending', isNew: false })
    expect(claim(KEY_B)).toEqual(refused('other-key'))
    expect(enrolment.pending(nowMs)).toEqual([
      {
        ...MON_1,
        publicKeySha256: KEY_A,
        address,
        atMs: nowMs,
        expiresAtMs: nowMs + 7 * 24 * HOUR_MS,
      },
    ])
  })

  it('authorises that key once it is approved, also when the code has ended meanwhile', () => {
    claim()
    expect(enrolment.decide(MON_1, 'approved', nowMs + 30 * HOUR_MS)).toMatchObject({
      publicKeySha256: KEY_A,
    })
    expect(claim(KEY_A, nowMs + 31 * HOUR_MS)).toEqual({ kind: 'authorised' })
    expect(claim(KEY_B, nowMs + 31 * HOUR_MS)).toEqual(refused('other-key'))
    expect(enrolment.pending(nowMs)).toEqual([])
    settle(KEY_A, nowMs + 31 * HOUR_MS)
    expect(claim(KEY_A, nowMs + 31 * HOUR_MS)).toEqual({ kind: 'repeat', certificatePem: 'PEM' })
    expect(claim(KEY_A, nowMs + 33 * HOUR_MS)).toEqual(refused('code-expired'))
  })

  it('authorises nobody once it is rejected', () => {
    claim()
    enrolment.decide(MON_1, 'rejected', nowMs)
    expect(claim()).toEqual(refused('rejected'))
    expect(() => enrolment.decide(MON_1, 'approved', nowMs)).toThrow(/no request of device 'mon-1' waits/)
  })

  it('waits no longer than a week', () => {
    claim()
    const laterMs = nowMs + 7 * 24 * HOUR_MS
    expect(enrolment.pending(laterMs)).toEqual([])
    expect(() => enrolment.decide(MON_1, 'approved', laterMs)).toThrow(/no request/)
    expect(claim(KEY_A, laterMs)).toEqual(refused('code-expired'))
  })

  it('cannot be approved before anybody asked', () => {
    expect(() => enrolment.decide(MON_1, 'approved', nowMs)).toThrow(/wardgate certs approve/)
  })
})

describe('the file of codes', () => {
  it.each([
    '',
    '{',
    '[]',
    '{"version":2,"invitations":[]}',
    '{"version":1,"invitations":[{"role":"root-ca"}]}',
  ])('that holds %j is refused with what to do', (text) => {
    writeFileSync(join(state.path, 'certs/enrolment.json'), text)
    expect(() => recognise('mon-1', 'x')).toThrow(/is damaged: move it away and make new codes/)
  })

  it('is for a state with a certificate store', () => {
    expect(() => openEnrolment(join(state.path, 'elsewhere'))).toThrow(/wardgate certs init/)
  })

  it('takes no id that cannot be one', () => {
    expect(() => enrolment.invite({ role: 'device', id: '../x', nowMs })).toThrow(/cannot be an id/)
  })
})
