/** How enrolment shows in events what came from outside. */

import { keyCheck } from '../../certs/enrolment-code.ts'
import type { ClientRole } from '../../certs/profile.ts'

export function showIdentity({ role, id }: { readonly role: ClientRole; readonly id: string }): string {
  return `${role}/${id}`
}

/** The hash of the key, and its short form that people compare by voice. */
export function describeKey({ publicKeySha256 }: { readonly publicKeySha256: string }) {
  return { keySha256: publicKeySha256, keyCheck: keyCheck(publicKeySha256) }
}
