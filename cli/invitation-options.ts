/** The options that all commands which make a code have. */

import type { Command } from 'commander'
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
  return { lifeMs: codeFor, approval: known }
}
