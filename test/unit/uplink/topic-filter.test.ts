import { describe, expect, it } from '@jest/globals'
import { matchesFilter } from '../../../gateway/uplink/topic-filter.ts'

describe('a topic filter', () => {
  it.each([
    ['a/b', 'a/b'],
    ['a/+', 'a/b'],
    ['+/+', 'a/b'],
    ['a/+', 'a/'],
    ['#', 'a/b/c'],
    ['a/#', 'a'],
    ['a/#', 'a/b/c'],
    ['+/b/#', 'a/b/c/d'],
    ['$SYS/#', '$SYS/uptime'],
    ['+', 'a'],
    ['/+', '/a'],
  ])('%s selects %s', (filter, topic) => {
    expect(matchesFilter(filter, topic)).toBe(true)
  })

  it.each([
    ['a/b', 'a'],
    ['a/b', 'a/b/c'],
    ['a/+', 'a'],
    ['a/+', 'a/b/c'],
    ['+', '/a'],
    ['a/#', 'ab'],
    ['A', 'a'],
    ['#', '$SYS/uptime'],
    ['+/uptime', '$SYS/uptime'],
  ])('%s does not select %s', (filter, topic) => {
    expect(matchesFilter(filter, topic)).toBe(false)
  })
})
