import { describe, expect, it } from '@jest/globals'
import type { Text } from '../../../../devices/protocol.ts'
import { createIdentityWatch } from '../../../../gateway/stages/identity-watch.ts'

function watch() {
  const told: unknown[] = []
  const see = createIdentityWatch('rack-1', {
    emit: (level, event, fields) => void told.push([level, event, fields]),
  })
  const serial = (value: string, part?: string): Text => ({
    kind: 'text',
    name: 'serial',
    value,
    isIdentity: true,
    ...(part !== undefined && { part }),
  })
  return { told, see: (value: string, part?: string) => see(serial(value, part)) }
}

describe('the watch over identities', () => {
  it('knows each part of a line by itself', () => {
    const { told, see } = watch()
    for (let round = 0; round < 3; round += 1) {
      see('1815', 'pump-11')
      see('1816', 'pump-12')
      expect(told).toHaveLength(2)
    }
    expect(told).toEqual([
      [
        'technical',
        'device-identified',
        { device: 'rack-1', part: 'pump-11', name: 'serial', value: '1815' },
      ],
      [
        'technical',
        'device-identified',
        { device: 'rack-1', part: 'pump-12', name: 'serial', value: '1816' },
      ],
    ])
  })

  it('raises a change of one part, and of a line without parts', () => {
    const { told, see } = watch()
    see('1815', 'pump-11')
    see('9999', 'pump-11')
    see('1')
    see('2')
    expect(told.slice(1)).toEqual([
      [
        'security',
        'device-identity-changed',
        { device: 'rack-1', part: 'pump-11', name: 'serial', before: '1815', now: '9999' },
      ],
      ['technical', 'device-identified', { device: 'rack-1', name: 'serial', value: '1' }],
      ['security', 'device-identity-changed', { device: 'rack-1', name: 'serial', before: '1', now: '2' }],
    ])
  })
})
