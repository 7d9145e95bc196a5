import { describe, expect, it } from '@jest/globals'
import { nearestWord } from '../../../gateway/config/nearest-word.ts'

const KEYS = ['gateway', 'state', 'site', 'log', 'broker', 'health', 'bedside', 'uplinks', 'topics']

describe('the nearest known word', () => {
  it.each([
    ['gatway', 'gateway'],
    ['gateways', 'gateway'],
    ['Gateway', 'gateway'],
    ['borker', 'broker'],
    ['uplink', 'uplinks'],
    ['lgo', 'log'],
    ['topic', 'topics'],
  ])('to %s is %s', (typed, word) => {
    expect(nearestWord(typed, KEYS)).toBe(word)
  })

  it.each(['', 'x', 'database', 'hosts', 'insecure', 'loggingLevel'])('to %j is none', (typed) => {
    expect(nearestWord(typed, KEYS)).toBeUndefined()
  })

  it('is none where nothing is known', () => {
    expect(nearestWord('gateway', [])).toBeUndefined()
  })
})
