import { beforeAll, describe, expect, it } from '@jest/globals'
import { createIssuing, createRoot, type Authority } from '../../../certs/authority.ts'
import { trustedIssuers } from '../../../gateway/security/trusted-issuers.ts'
import { EventRecord } from '../../support/broker-bench.ts'

const request = { site: 'ward.test', nowMs: Date.parse('2026-09-20T10:15:00.000Z') }

let root: Authority
let issuing: Authority
let next: Authority
beforeAll(() => {
  root = createRoot(request)
  issuing = createIssuing(root, request)
  next = createIssuing(root, request)
})

describe('the authorities that may vouch for a client', () => {
  it('are those of the trust file as it is now', () => {
    let ca = issuing.certificatePem + root.certificatePem
    const issuers = trustedIssuers(() => ca, new EventRecord())
    const names = () => issuers().map(({ fingerprint256 }) => fingerprint256)
    expect(names()).toEqual([issuing.certificate.fingerprint256])
    ca = next.certificatePem + ca
    expect(names()).toEqual([next.certificate.fingerprint256, issuing.certificate.fingerprint256])
    ca = next.certificatePem + root.certificatePem
    expect(names()).toEqual([next.certificate.fingerprint256])
  })

  it('are not those without a root in the file, which is told once for each content', () => {
    const events = new EventRecord()
    const issuers = trustedIssuers(() => issuing.certificatePem, events)
    expect([issuers(), issuers()]).toEqual([[], []])
    expect(events.named('authority-refused').map(({ detail }) => detail['reason'])).toEqual(['no-root'])
  })
})
