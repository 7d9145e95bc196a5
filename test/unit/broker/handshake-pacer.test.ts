import { describe, expect, it } from '@jest/globals'
import { array, assert, constantFrom, nat, property, record } from 'fast-check'
import {
  createHandshakePacer,
  type HandshakePacer,
  type Leave,
} from '../../../gateway/broker/handshake-pacer.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const PACE = {
  underWay: 1000,
  stallMs: 250,
  underWayPerAddress: 1000,
  turnMs: 1_000_000,
  turnsForNewcomers: 3,
}

/** A pacer whose turns are run by hand; a handshake takes `costMs` to begin. */
function bench(options: Partial<typeof PACE> & { costMs?: number } = {}) {
  const clock = new FakeClock()
  const tasks: (() => void)[] = []
  const begun: string[] = []
  const pacer: HandshakePacer = createHandshakePacer({
    ...PACE,
    ...options,
    clock,
    later: (task) => tasks.push(task),
  })
  return {
    clock,
    begun,
    announce: () => pacer.announce(),
    enter: (address: string, name = address): Leave =>
      pacer.enter(address, () => {
        begun.push(name)
        clock.advance(options.costMs ?? 0)
      }),
    /** One turn of the loop; true when there was something to do. */
    turn: (): boolean => {
      const task = tasks.shift()
      task?.()
      return task !== undefined
    },
  }
}

describe('the pacer of handshakes', () => {
  it('begins none before what is ready by now was read', () => {
    const { enter, begun, turn } = bench()
    enter('a')
    expect(begun).toEqual([])
    turn()
    expect(begun).toEqual(['a'])
  })

  it('gives everything else its turn when the time for handshakes is used up', () => {
    const { enter, begun, turn } = bench({ turnMs: 2, costMs: 1 })
    for (const name of ['1', '2', '3', '4', '5']) enter('a', name)
    const perTurn: number[] = []
    while (turn()) perTurn.push(begun.length)
    expect(perTurn).toEqual([2, 4, 5])
  })

  it('begins at least one in a turn, however long that takes', () => {
    const { enter, begun, turn } = bench({ turnMs: 2, costMs: 50 })
    enter('a', '1')
    enter('a', '2')
    turn()
    expect(begun).toEqual(['1'])
    turn()
    expect(begun).toEqual(['1', '2'])
  })

  it('lets newcomers in first, but not for ever', () => {
    const { enter, begun, turn, announce } = bench()
    enter('flood')
    const perTurn: number[] = []
    for (let n = 0; n < 8; n += 1) {
      announce()
      enter('flood')
      turn()
      perTurn.push(begun.length)
    }
    expect(perTurn).toEqual([0, 0, 0, 5, 5, 5, 5, 9])
    turn()
    expect(begun).toHaveLength(9)
  })

  it('lets addresses take turns, so that one that came late does not wait for the flood of another', () => {
    const { enter, begun, turn } = bench()
    for (let n = 0; n < 100; n += 1) enter('flood', `flood-${n}`)
    enter('ward', 'ward-0')
    enter('ward', 'ward-1')
    turn()
    expect(begun.slice(0, 5)).toEqual(['flood-0', 'ward-0', 'flood-1', 'ward-1', 'flood-2'])
    expect(begun).toHaveLength(102)
  })

  it('begins the next when one has ended, and not before', () => {
    const { enter, begun, turn } = bench({ underWay: 2 })
    const leaves = ['1', '2', '3', '4'].map((name) => enter('a', name))
    turn()
    expect(begun).toEqual(['1', '2'])
    expect(turn()).toBe(false)
    leaves[0]?.()
    leaves[0]?.()
    turn()
    expect(begun).toEqual(['1', '2', '3'])
  })

  it('gives the place of a client that does not answer to the next, and only once', () => {
    const { enter, begun, turn, clock } = bench({ underWay: 1 })
    const [stalled] = ['1', '2', '3'].map((name) => enter('a', name))
    turn()
    clock.advance(249)
    expect(turn()).toBe(false)
    clock.advance(1)
    turn()
    expect(begun).toEqual(['1', '2'])
    stalled?.()
    expect(turn()).toBe(false)
    expect(begun).toEqual(['1', '2'])
  })

  it('bounds those that one address leaves hanging, and serves the other addresses all the same', () => {
    const { enter, begun, turn, clock } = bench({ underWay: 2, underWayPerAddress: 3 })
    const leaves = Array.from({ length: 10 }, (_, n) => enter('flood', `flood-${n}`))
    for (let n = 0; n < 10; n += 1) {
      while (turn());
      clock.advance(250)
    }
    expect(begun).toEqual(['flood-0', 'flood-1', 'flood-2'])
    enter('ward')
    turn()
    expect(begun).toEqual(['flood-0', 'flood-1', 'flood-2', 'ward'])
    leaves[1]?.()
    turn()
    expect(begun.at(-1)).toBe('flood-3')
  })

  it('does not begin the handshake of one that has left', () => {
    const { enter, begun, turn } = bench()
    const leaves = ['1', '2', '3'].map((name) => enter('a', name))
    leaves[1]?.()
    turn()
    expect(begun).toEqual(['1', '3'])
  })

  it('has nothing to do, and no timer, when everyone has left', () => {
    const { enter, turn, clock } = bench({ underWay: 1 })
    const leaves = ['a', 'b', 'c'].map((address) => enter(address))
    for (const leave of leaves) leave()
    while (turn());
    expect(clock.pendingCount).toBe(0)
    expect(turn()).toBe(false)
  })

  it('begins everyone who stays, once each, whatever the order of coming, going and time', () => {
    const step = record({
      kind: constantFrom('enter' as const, 'leave' as const, 'turn' as const, 'time' as const),
      address: constantFrom('a', 'b', 'c'),
      pick: nat(),
    })
    assert(
      property(array(step, { maxLength: 200 }), (steps) => {
        const { enter, begun, turn, clock } = bench({
          underWay: 2,
          underWayPerAddress: 3,
          turnMs: 2,
          costMs: 1,
        })
        const held = new Map<string, Leave>()
        const leftUnbegun = new Set<string>()
        let enteredCount = 0
        for (const { kind, address, pick } of steps) {
          if (kind === 'enter') {
            const name = String((enteredCount += 1))
            held.set(name, enter(address, name))
          }
          const chosen = [...held][pick % Math.max(1, held.size)]
          if (kind === 'leave' && chosen !== undefined) {
            if (!begun.includes(chosen[0])) leftUnbegun.add(chosen[0])
            held.delete(chosen[0])
            chosen[1]()
          }
          if (kind === 'turn') turn()
          if (kind === 'time') clock.advance(100)
        }
        while (held.size > 0 || turn()) {
          const name = [...held.keys()].find((one) => begun.includes(one))
          held.get(name ?? '')?.()
          held.delete(name ?? '')
          turn()
          clock.advance(100)
        }
        expect(begun).toHaveLength(new Set(begun).size)
        expect(begun).toHaveLength(enteredCount - leftUnbegun.size)
        expect(clock.pendingCount).toBe(0)
      }),
    )
  })
})
