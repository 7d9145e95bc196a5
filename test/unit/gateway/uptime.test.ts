import { describe, expect, it } from '@jest/globals'
import { uptime } from 'node:os'
import { systemUptime } from '../../../gateway/clock.ts'

describe('the uptime of the machine', () => {
  it('is never less than what the machine says of itself, and never steps back', () => {
    const before = uptime() * 1000
    const first = systemUptime.sinceBootMs()
    expect(first).toBeGreaterThanOrEqual(before)
    expect(systemUptime.sinceBootMs()).toBeGreaterThanOrEqual(first)
  })

  it('knows the boot on Linux', () => {
    if (process.platform === 'linux') expect(systemUptime.bootId).toMatch(/^[0-9a-f-]{36}$/)
    else expect(systemUptime.bootId).toBeUndefined()
  })
})
