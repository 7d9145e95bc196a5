/** The commands of `wardgate certs` by which a key reaches its certificate: invite, enroll, approve. */

import type { Command } from 'commander'
import { approveCommand } from './certs-approve.ts'
import { enrollCommand } from './certs-enroll.ts'
import { inviteCommand } from './certs-invite.ts'

export function withEnrolment(certs: Command): Command {
  return certs.addCommand(inviteCommand()).addCommand(enrollCommand()).addCommand(approveCommand())
}
