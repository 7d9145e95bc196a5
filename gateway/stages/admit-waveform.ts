/** The decision over one untrusted block of a waveform: trusted as a whole, or refused by a rule. */

import { waveByMdc } from '../../devices/waves.ts'
import { parseInstant, toInstant } from '../contract/instant.ts'
import type { RejectedMessage, RejectionRule } from '../contract/reading.ts'
import { unpackSamples } from '../contract/sample-block.ts'
import type { IngestWaveform, WaveformMessage } from '../contract/waveform.ts'
import { refuseWhole, rejection, trustedSource, type AdmissionContext } from './refuse.ts'

export type WaveVerdict =
  | { readonly verdict: 'accepted'; readonly block: WaveformMessage }
  | { readonly verdict: 'rejected'; readonly rejected: RejectedMessage }
  /** Its lifetime has passed: a curve of the past is shown to nobody. */
  | { readonly verdict: 'late' }

type Fault = readonly [rule: RejectionRule, reason: string]

// rate and periodUs say the same; more than rounding between them is a fault of the sender.
const RATE_TOLERANCE = 0.001
const HIDDEN: ReadonlySet<string> = new Set(['invalid', 'absent', 'calibrating'])

export function admitWaveform(block: IngestWaveform, context: AdmissionContext): WaveVerdict {
  const { entry, nowMs } = context
  const lengthMs = (block.n * block.periodUs) / 1000
  const refusal = refuseWhole(block, context, lengthMs)
  if (refusal !== undefined) return { verdict: 'rejected', rejected: refusal }
  const fault = codeFault(block) ?? blockFault(block)
  if (fault !== undefined) return { verdict: 'rejected', rejected: rejection(block, context, ...fault) }
  const startMs = parseInstant(block.t) ?? nowMs
  if (startMs + lengthMs + block.ttl <= nowMs) return { verdict: 'late' }
  const { tr = toInstant(nowMs), src, ...rest } = block
  return {
    verdict: 'accepted',
    block: { ...rest, bed: entry.bed, assoc: entry.assoc, tr, src: trustedSource(src, context) },
  }
}

function codeFault({ mdc, ref }: IngestWaveform): Fault | undefined {
  if (mdc === undefined) return undefined
  const known = waveByMdc(mdc)
  if (known === undefined)
    return ['unknown-wave', `MDC code ${mdc} (${ref ?? ''}) is no wave of the nomenclature`]
  if (known.ref === ref) return undefined
  return ['unknown-wave', `MDC code ${mdc} is ${known.ref}, the message calls it ${ref ?? ''}`]
}

function blockFault(block: IngestWaveform): Fault | undefined {
  const { rate, periodUs, format, n, q } = block
  if (Math.abs((rate * periodUs) / 1_000_000 - 1) > RATE_TOLERANCE)
    return ['sample-block', `a rate of ${rate} Hz and a period of ${periodUs} us contradict each other`]
  const samples = unpackSamples(block)
  if (samples === undefined) return ['sample-block', `samples is not base64 of ${n} ${format} numbers`]
  if (HIDDEN.has(q) && samples.some((raw) => raw !== null))
    return ['sample-block', `a block that is ${q} holds samples instead of gaps`]
  return undefined
}
