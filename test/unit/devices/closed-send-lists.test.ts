import { describe, expect, it } from '@jest/globals'
import type { DeviceProtocol } from '../../../devices/protocol.ts'
import { PROTOCOLS } from '../../../devices/registry.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import { TALKING_KINDS } from '../../../simulators/talking-kinds.ts'
import { FORBIDDEN } from '../../support/conformance/forbidden-commands.ts'
import { describeSends, type HostileSource } from '../../support/conformance/send-tests.ts'
import { gattValues } from '../../support/gatt-values.ts'
import { SUBJECTS } from '../../support/registry-subjects.ts'

const VALUES = gattValues()

for (const protocol of PROTOCOLS) describeSends(protocol, sourceOf(protocol))

describe('the list of forbidden commands', () => {
  it('would be noticed: a driver with an open row fails on it', () => {
    const open = [{ kind: 'send', prefixHex: '7D81', maxBytes: 9, meaning: 'any Contec command' }] as const
    const allowed = FORBIDDEN.filter(({ command }) => isPermitted(command, open))
    expect(allowed.map(({ meaning }) => meaning)).toContain('Contec: stop the stream of whoever listens')
  })
})

/** Everything any protocol has vectors for: a device may speak another protocol than the one that is configured. */
function sourceOf({ id }: DeviceProtocol): HostileSource {
  const own = SUBJECTS.filter((subject) => subject.id === id || subject.id.startsWith(id))
  const foreign = SUBJECTS.flatMap(({ cases }) => cases.slice(0, 1))
  const kind = TALKING_KINDS.find(({ protocol }) => protocol === id)
  return {
    messages: [...own.flatMap(({ cases }) => cases), ...foreign].flatMap(({ lines }) => lines),
    values: VALUES,
    ...(kind === undefined
      ? {}
      : { createTalker: () => kind.createTalker({ seed: 5, serial: '0000000005' }) }),
  }
}
