/** The closed list of what a driver may send, enforced: what no row matches is never executed. */

import { hexOf } from '../../devices/framing/hex.ts'
import type { Command, SendRule } from '../../devices/protocol.ts'

export function isPermitted(command: Command, rules: readonly SendRule[]): boolean {
  return rules.some((rule) => matches(command, rule))
}

function matches(command: Command, rule: SendRule): boolean {
  switch (command.kind) {
    case 'send':
      return (
        rule.kind === 'send' &&
        fits(command.bytes, rule) &&
        (rule.permits === undefined || rule.permits(command.bytes))
      )
    case 'write':
      return (
        rule.kind === 'write' && rule.characteristic === command.characteristic && fits(command.bytes, rule)
      )
    case 'read':
    case 'subscribe':
      return rule.kind === command.kind && rule.characteristic === command.characteristic
    default:
      return command satisfies never
  }
}

/** An empty prefix would permit any bytes; a row that has one permits none. */
function fits(bytes: Uint8Array, rule: { readonly prefixHex: string; readonly maxBytes: number }): boolean {
  const prefix = rule.prefixHex.replaceAll(' ', '').toLowerCase()
  return prefix !== '' && bytes.length <= rule.maxBytes && hexOf(bytes).startsWith(prefix)
}
