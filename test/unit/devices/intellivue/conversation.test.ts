import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { intellivueLan } from '../../../../devices/intellivue-lan.ts'
import { requestNames, requestOf } from '../../../../devices/intellivue/requests.ts'
import type { DriverOutput } from '../../../../devices/protocol.ts'
import { acceptAssociation, describeMonitor } from '../../../../simulators/intellivue-greeting.ts'
import { attribute, list, u16, u32 } from '../../../../simulators/intellivue-octets.ts'
import { MDS, operation } from '../../../../simulators/intellivue-results.ts'
import { numericAttribute, resultOf } from '../../../support/intellivue-messages.ts'

const ALL = 0x8c000000
const NO_WAVES = 0x80000000
const DESCRIPTION = describeMonitor({ serial: '0000000007', nowMs: 0, ticks: 0 })
const VALUES = resultOf([numericAttribute({ physioId: 0x4182 })])
const ABORT = Uint8Array.of(0x19, 0)
const REFUSE = Uint8Array.of(0x0c, 0)

/** Without the package of extended polls: its count and everything in it are gone, the length says so. */
const ACCEPT_SINGLE = ((): Uint8Array => {
  const accept = acceptAssociation(ALL)
  const at = Buffer.from(accept).indexOf(Buffer.from('0001000cf0010008', 'hex'))
  return accept.with(at + 4, 0xf0).with(at + 5, 0x99)
})()

function waveList(textIds: readonly number[], command = 3): Uint8Array {
  const argument = [...MDS, ...list([attribute(0xf23a, list(textIds.map(u32)))])]
  return operation(2, [...u16(1), ...u16(command), ...u16(argument.length), ...argument])
}

const failure = operation(3, [...u16(1), ...u16(0), ...u16(0)])

/** What the driver says, by name. */
function namesOf(outputs: readonly DriverOutput[]): readonly string[] {
  return outputs.flatMap((output) => {
    if (output.kind !== 'send') return []
    const { bytes } = output
    const id = bytes[0] === 0xe1 ? ((bytes[8] ?? 0) << 8) | (bytes[9] ?? 0) : 0
    return [requestNames().find((name) => Buffer.from(requestOf(name, id)).equals(bytes)) ?? 'setWaveList']
  })
}

function begin() {
  const driver = intellivueLan.createDriver()
  let atMs = 1_000_000
  const hear = (bytes: Uint8Array): readonly string[] =>
    namesOf(driver.receive({ kind: 'bytes', bytes }, atMs))
  return {
    driver,
    hear,
    open: () => namesOf(driver.receive({ kind: 'opened' }, atMs)),
    /** What is said when the driver is next awake, and after how long. */
    wake: (): readonly [number, readonly string[]] => {
      const waitedMs = (driver.wakeAtMs ?? Infinity) - atMs
      atMs += waitedMs
      return [waitedMs, namesOf(driver.tick?.(atMs) ?? [])]
    },
    pass: (ms: number): void => {
      atMs += ms
    },
  }
}

const POLLS = ['pollNumerics', 'pollAlarms', 'pollWaves']

describe('a conversation with a monitor', () => {
  it('associates, acknowledges, asks for the waves, polls', () => {
    const { open, hear } = begin()
    expect(open()).toEqual(['associate'])
    expect(hear(acceptAssociation(ALL))).toEqual([])
    expect(hear(DESCRIPTION)).toEqual(['mdsCreateResult', 'getWaveList'])
    expect(hear(waveList([0x20102, 0x24bb4]))).toEqual(POLLS)
  })

  it('sets the list of waves when there are more than may be exported', () => {
    const { open, hear, wake } = begin()
    open()
    hear(acceptAssociation(ALL))
    hear(DESCRIPTION)
    const captured = readFileSync(
      new URL('../../../vectors/intellivue-lan/wave-list/input.hex', import.meta.url),
      'utf8',
    )
    expect(hear(Uint8Array.from(Buffer.from(captured.trim(), 'hex')))).toEqual(['setWaveList'])
    expect(hear(waveList([0x20102], 5))).toEqual(POLLS)
    expect(wake()[0]).toBe(10_000)
  })

  it('polls also when the list of waves is not answered, or refused', () => {
    for (const answer of [undefined, failure, waveList([])]) {
      const { open, hear, wake } = begin()
      open()
      hear(acceptAssociation(ALL))
      hear(DESCRIPTION)
      expect(answer === undefined ? wake() : [2000, hear(answer)]).toEqual([2000, POLLS])
    }
  })

  it('asks for no waves that are not granted', () => {
    const { open, hear } = begin()
    open()
    hear(acceptAssociation(NO_WAVES))
    expect(hear(DESCRIPTION)).toEqual(['mdsCreateResult', 'pollNumerics', 'pollAlarms'])
  })

  it('polls once a second where extended polls are not granted', () => {
    const { open, hear, wake } = begin()
    open()
    hear(ACCEPT_SINGLE)
    expect(hear(DESCRIPTION)).toEqual(['mdsCreateResult', 'pollNumericsOnce', 'pollAlarmsOnce'])
    expect(wake()).toEqual([1000, ['pollNumericsOnce', 'pollAlarmsOnce']])
  })

  it('polls once a second where extended polls fail', () => {
    const { open, hear } = begin()
    open()
    hear(acceptAssociation(NO_WAVES))
    hear(DESCRIPTION)
    expect(hear(failure)).toEqual(['pollNumericsOnce', 'pollAlarmsOnce'])
    expect(hear(failure)).toEqual([])
  })

  it('renews its polls in half the minimum poll period', () => {
    const { open, hear, wake, pass } = begin()
    open()
    hear(acceptAssociation(NO_WAVES))
    hear(DESCRIPTION)
    for (let second = 0; second < 19; second += 1) {
      pass(1000)
      expect(hear(VALUES)).toEqual([])
    }
    expect(wake()).toEqual([1000, ['pollNumerics', 'pollAlarms']])
  })

  it('gives up a silent association with a release, and associates again', () => {
    const { open, hear, wake } = begin()
    open()
    hear(acceptAssociation(NO_WAVES))
    hear(DESCRIPTION)
    expect(wake()).toEqual([10_000, ['release']])
    expect(hear(VALUES)).toEqual([])
    expect(wake()).toEqual([2000, ['associate']])
  })

  it('gives up an association that brings no description', () => {
    const { open, hear, wake } = begin()
    open()
    hear(acceptAssociation(ALL))
    expect(wake()).toEqual([10_000, ['release']])
  })

  it.each([
    ['an abort', ABORT, 2000],
    ['a refusal', REFUSE, 10_000],
    ['a release', Uint8Array.of(0x0a, 0), 2000],
  ])('associates again after %s', (_, bytes, pauseMs) => {
    const { open, hear, wake } = begin()
    open()
    hear(acceptAssociation(ALL))
    hear(DESCRIPTION)
    expect(hear(bytes)).toEqual([])
    expect(wake()).toEqual([pauseMs, ['associate']])
  })

  it('acknowledges a description as often as it is told, and polls once', () => {
    const { open, hear } = begin()
    open()
    hear(acceptAssociation(NO_WAVES))
    hear(DESCRIPTION)
    expect(hear(DESCRIPTION)).toEqual(['mdsCreateResult'])
  })

  it('says nothing to a description, a list or a failure outside an association', () => {
    const { open, hear } = begin()
    open()
    for (const bytes of [DESCRIPTION, waveList([0x20102]), failure, VALUES]) expect(hear(bytes)).toEqual([])
  })

  it('says nothing on a closed link', () => {
    const { open, hear, driver } = begin()
    open()
    hear(acceptAssociation(ALL))
    driver.receive({ kind: 'closed', reason: 'gone' }, 0)
    expect(hear(DESCRIPTION)).toEqual([])
    expect(driver.wakeAtMs).toBeUndefined()
    expect(driver.tick?.(9e12)).toEqual([])
  })
})
