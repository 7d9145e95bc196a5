/** `wardgate certs export`: key, certificate and chain in one file under a passphrase, for those who cannot make a key. */

import { Command } from 'commander'
import { exportPkcs12 } from '../certs/export.ts'
import { LEAF_ROLES } from '../certs/profile.ts'
import { leafRole, refuseBadId, refuseEmpty } from './certs-options.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface ExportOptions {
  readonly state: string
  readonly out: string
  readonly passphraseFile: string
}

export function exportCommand(): Command {
  return new Command('export')
    .description('key, certificate and chain as one PKCS #12 file (AES-256, SHA-256)')
    .argument('<role>', LEAF_ROLES.join(', '))
    .argument('<id>', 'an identity whose key is in the state directory')
    .requiredOption('--out <file>', 'file to make; never overwritten')
    .requiredOption('--passphrase-file <file>', 'file of mode 0600 with one line of at least 12 characters')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .action((roleText: string, id: string, { state, out, passphraseFile }: ExportOptions) => {
      const role = leafRole(roleText)
      refuseBadId(id)
      refuseEmpty('--out', out)
      refuseEmpty('--passphrase-file', passphraseFile)
      exportPkcs12({ stateDir: state, role, id, outPath: out, passphrasePath: passphraseFile })
      process.stdout.write(
        `${out} holds key, certificate and chain of ${role} '${id}'; bring the passphrase on another way than the file\n`,
      )
    })
}
