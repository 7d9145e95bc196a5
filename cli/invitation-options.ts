/** The options that all commands which make a code have. */

import type { Command } from 'commander'
import { LONGEST_CODE_LIFE_MS } from '../certs/enrolment.ts'
import { APPROVALS, type Approval } from '../certs/enrolment-file.ts'
import { UsageError } from '../gateway/errors.ts'
import { parseDurationMs } from './duration.ts'

export interface CodeOptions {
  readonly codeFor?: number
  readonly approval?: string
}

export function withCodeOptions(command: Command): Command {
  return command
    .option(
      '--code-for <duration>',
      'how long the code is good (default: 24h, at most 168h)',
      parseDurationMs,
    )
    .option(
      '--approval <who>',
      "code: the code alone is enough (default); operator: 'certs approve' has to follow",
    )
}

export function readCodeOptions({ codeFor, approval }: CodeOptions): {
  readonly lifeMs: number | undefined
  readonly approval: Approval | undefined
} {
  const known = APPROVALS.find((word) => word === approval)
  if (approval !== undefined && known === undefined)
    throw new UsageError(`--approval ${approval}: write ${APPROVALS.join(' or ')}`)
  if (codeFor !== undefined && codeFor > LONGEST_CODE_LIFE_MS)
    throw new UsageError('--code-for: a code lives up to 7 days (168h); what lies about for longer is found')
  return { lifeMs: codeFor, approval: known }
}
