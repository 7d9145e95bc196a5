/** Certificates that must not be let in, while the clock is right: OpenSSL and the gateway's own verification agree. */

import { describe } from '@jest/globals'
import { describeBadCertificates } from '../support/bad-certificates-suite.ts'

describe('a bad certificate', () => describeBadCertificates({ nowMs: Date.now() }))
