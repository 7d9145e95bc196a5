/** `wardgate certs`: the authorities of a state directory and what they issue; one file for each subcommand. */

import { Command } from 'commander'
import { exportCommand } from './certs-export.ts'
import { forecastCommand } from './certs-forecast.ts'
import { initCommand } from './certs-init.ts'
import { issueCommand, type CertsHooks } from './certs-issue.ts'
import { listCommand } from './certs-list.ts'
import { renewCommand } from './certs-renew.ts'
import { revokeCommand } from './certs-revoke.ts'
import { showCommand } from './certs-show.ts'

export type { CertsHooks } from './certs-issue.ts'

export function certsCommand(hooks: CertsHooks): Command {
  return new Command('certs')
    .description('the certificates of this gateway and of all who talk to it')
    .addCommand(initCommand())
    .addCommand(issueCommand(hooks))
    .addCommand(renewCommand())
    .addCommand(revokeCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(forecastCommand())
    .addCommand(exportCommand())
}
