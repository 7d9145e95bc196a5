import { describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { PROTOCOLS } from '../../../devices/registry.ts'

const docs = new URL('../../../docs/', import.meta.url)
const overview = readFileSync(new URL('devices.md', docs), 'utf8')

describe('docs/devices.md', () => {
  it.each(PROTOCOLS.map(({ id }) => id))('names %s, which has a page of its own', (id) => {
    expect(overview).toContain(`\`${id}\``)
    expect(existsSync(new URL(`devices/${id}.md`, docs))).toBe(true)
  })
})
