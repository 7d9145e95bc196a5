/** An identity of this state directory as one PKCS #12 file, for whoever cannot make a key or read PEM. */

import { createPrivateKey } from 'node:crypto'

import { readMaterial } from './client-material.ts'
import { createFile } from './durable-file.ts'
import { CertificateError } from './errors.ts'
import { readSecretText } from './guarded-file.ts'
import { pemBlocks } from './pem.ts'
import { buildPkcs12 } from './pkcs12.ts'
import type { LeafRole } from './profile.ts'
import { layoutOfState } from './store-layout.ts'

export interface ExportRequest {
  readonly stateDir: string
  readonly role: LeafRole
  readonly id: string
  readonly outPath: string
  readonly passphrasePath: string
}

const FEWEST_CHARACTERS = 12
const MOST_CHARACTERS = 128

/** Never overwrites: a file that is there may be the only copy of another key. */
export function exportPkcs12({ stateDir, role, id, outPath, passphrasePath }: ExportRequest): void {
  const passphrase = readPassphrase(passphrasePath)
  const { key, cert, ca } = readMaterial(layoutOfState(stateDir), role, id)
  // The leaf, its issuer, and whatever else of the trust is not among them.
  const certificates = [...new Set(pemBlocks(cert + ca).map(({ pem }) => pem))].flatMap((pem) =>
    pemBlocks(pem).map(({ der }) => der),
  )
  createFile(
    outPath,
    buildPkcs12({ name: `${role} ${id}`, key: createPrivateKey(key), certificates, passphrase }),
  )
}

/** One line of a file that nobody else can read. In an argument every user of the machine would see it. */
function readPassphrase(path: string): string {
  const passphrase = readSecretText(path, 'passphrase file').replace(/\r?\n$/, '')
  const fault = faultOf(passphrase)
  if (fault === undefined) return passphrase
  throw new CertificateError(`the passphrase in ${path} ${fault}`, { path })
}

function faultOf(passphrase: string): string | undefined {
  if (/[\r\n]/.test(passphrase)) return 'has more than one line: write it on one'
  // Programs turn other characters into keys in different ways: the file would open in one of them only.
  if (!/^[\x20-\x7e]*$/.test(passphrase)) return 'has characters other than printable ASCII: use those only'
  if (passphrase.length < FEWEST_CHARACTERS)
    return `is too short: use at least ${FEWEST_CHARACTERS} characters`
  if (passphrase.length > MOST_CHARACTERS) return `is too long: use at most ${MOST_CHARACTERS} characters`
  return undefined
}
