/** `wardgate certs`: the authorities of a state directory and what they issue; one file for each subcommand. */

import { Command } from 'commander'
import { approveCommand } from './certs-approve.ts'
import { enrollCommand } from './certs-enroll.ts'
import { exportCommand } from './certs-export.ts'
import { forecastCommand } from './certs-forecast.ts'
import { initCommand } from './certs-init.ts'
import { inviteCommand } from './certs-invite.ts'
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
    .addCommand(inviteCommand())
    .addCommand(enrollCommand())
    .addCommand(approveCommand())
    .addCommand(issueCommand(hooks))
    .addCommand(renewCommand())
    .addCommand(revokeCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(forecastCommand())
    .addCommand(exportCommand())
}
