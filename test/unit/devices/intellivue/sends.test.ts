import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { intellivueLan } from '../../../../devices/intellivue-lan.ts'
import { intellivueRs232 } from '../../../../devices/intellivue-rs232.ts'
import { encodeFrame } from '../../../../devices/intellivue/mib-frame.ts'
import { requestNames, requestOf } from '../../../../devices/intellivue/requests.ts'
import { chosenWaves, waveListRequest } from '../../../../devices/intellivue/wave-list.ts'
import type { DeviceProtocol } from '../../../../devices/protocol.ts'
import { isPermitted } from '../../../../gateway/stages/permit-command.ts'
import { acceptAssociation, describeMonitor } from '../../../../simulators/intellivue-greeting.ts'

const SEED = 20_260_920
const ECG = [0x20100, 0x20101, 0x20102, 0x2013d]
const OTHERS = [0x24bb4, 0x24a14, 0x25000]

interface Transport {
  readonly protocol: DeviceProtocol
  readonly wrap: (userData: Uint8Array) => Uint8Array
}

const TRANSPORTS: readonly Transport[] = [
  { protocol: intellivueLan, wrap: (userData) => userData },
  { protocol: intellivueRs232, wrap: encodeFrame },
]

const hexVector = (path: string): Uint8Array =>
  Uint8Array.from(
    Buffer.from(
      readFileSync(new URL(`../../../vectors/${path}/input.hex`, import.meta.url), 'utf8')
        .trim()
        .split('\n')[0] ?? '',
      'hex',
    ),
  )

const REQUESTS = [
  ...requestNames().map((name) => ({ name: name, bytes: requestOf(name, 0x7dc1) })),
  {
    name: 'setWaveList',
    bytes: waveListRequest([...ECG.slice(0, 3), ...OTHERS], 0xc0c1) ?? new Uint8Array(),
  },
]

describe('the requests', () => {
  it('are those that were captured', () => {
    expect(requestOf('associate')).toEqual(hexVector('intellivue-lan/association-request'))
    expect(requestOf('release')).toEqual(hexVector('intellivue-lan/release'))
    expect(requestOf('mdsCreateResult', 1)).toEqual(hexVector('intellivue-lan/mds-create-result'))
    const poll = hexVector('intellivue-lan/poll-request')
    // The captured one is poll 0 and stays active for 2 s.
    expect(requestOf('pollNumerics', 0x03eb)).toEqual(
      poll.with(29, 1).with(45, 0x07).with(46, 0x53).with(47, 0x00),
    )
  })

  it('choose known waves only, three of them ECG at most, lead II first', () => {
    expect(chosenWaves([...ECG, ...OTHERS, 0x2ffff, 0x14bb4, 0x24bb4])).toEqual([
      0x20102,
      0x20100,
      0x20101,
      ...OTHERS,
    ])
    expect(chosenWaves([])).toEqual([])
  })

  it.each([
    ['nothing', []],
    ['four ECG', ECG],
    ['a wave twice', [0x24bb4, 0x24bb4]],
    ['a vendor wave', [0x2f0e5]],
    ['a numeric', [0x24bb8]],
    ['another partition', [0x14bb4]],
  ])('cannot set a list with %s', (_, textIds) => {
    expect(waveListRequest(textIds, 1)).toBeUndefined()
  })
})

describe.each(TRANSPORTS)('what $protocol.id may send', ({ protocol, wrap }) => {
  const permits = (bytes: Uint8Array): boolean => isPermitted({ kind: 'send', bytes }, protocol.sends)

  it.each(REQUESTS)('holds $name', ({ bytes }) => {
    expect(permits(wrap(bytes))).toBe(true)
  })

  it.each(REQUESTS)('holds no $name with any byte changed but the invoke id', ({ bytes }) => {
    const isSession = bytes[0] !== 0xe1
    for (const at of bytes.keys()) {
      if (!isSession && (at === 8 || at === 9)) continue
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = bytes.with(at, (bytes[at] ?? 0) ^ flip)
        // Of two listed waves that exist, one may stand for the other.
        if (permits(wrap(changed))) expect(waveListRequest(textIdsOf(changed), 1)).toBeDefined()
      }
    }
  })

  it.each(REQUESTS)('holds no $name that is shorter, longer or said twice', ({ bytes }) => {
    for (let size = 0; size < bytes.length; size += 1) expect(permits(wrap(bytes.slice(0, size)))).toBe(false)
    expect(permits(wrap(Uint8Array.from([...bytes, 0])))).toBe(false)
    expect(permits(Uint8Array.from([...wrap(bytes), ...wrap(bytes)]))).toBe(false)
    expect(permits(Uint8Array.from([...wrap(bytes), 0]))).toBe(false)
  })

  it('holds nothing of any other command, object or attribute', () => {
    const set = waveListRequest([0x24bb4], 1) ?? new Uint8Array()
    const others = [
      set.with(11, 4),
      set.with(15, 0x36),
      set.with(30, 0x01),
      set.with(31, 0x3e),
      requestOf('getWaveList').with(24, 0x09),
      requestOf('pollNumerics').with(35, 0x2a),
    ]
    for (const bytes of others) expect(permits(wrap(bytes))).toBe(false)
  })

  it('holds no bytes by chance', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom('', 'e1000002', '0d'),
        (bytes, front) => {
          const userData = Uint8Array.from([...Buffer.from(front, 'hex'), ...bytes])
          expect(permits(userData)).toBe(false)
          expect(permits(wrap(userData))).toBe(false)
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('is all that a driver says, whatever it hears', () => {
    const greetings = [
      acceptAssociation(0x8c000000),
      acceptAssociation(0),
      describeMonitor({ serial: '0000000007', nowMs: 0, ticks: 0 }),
      Uint8Array.of(0x0c, 0),
      Uint8Array.of(0x19, 0),
      Uint8Array.of(0x0a, 0),
    ].map(wrap)
    const event = fc.oneof(
      fc.constantFrom(...greetings),
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => wrap(Uint8Array.from([0xe1, 0, 0, 2, ...bytes]))),
      fc
        .tuple(fc.constantFrom(...greetings), fc.nat(400), fc.nat(255))
        .map(([bytes, at, value]) => bytes.with(at % bytes.length, value)),
    )
    const steps = fc.array(fc.tuple(event, fc.nat(20_000)), { maxLength: 30 })
    fc.assert(
      fc.property(steps, (heard) => {
        const driver = protocol.createDriver()
        let atMs = 0
        const outputs = [...driver.receive({ kind: 'opened' }, atMs)]
        for (const [bytes, passedMs] of heard) {
          outputs.push(...driver.receive({ kind: 'bytes', bytes }, atMs))
          atMs += passedMs
          if ((driver.wakeAtMs ?? Infinity) <= atMs) outputs.push(...(driver.tick?.(atMs) ?? []))
        }
        const sends = outputs.filter((output) => output.kind === 'send')
        expect(sends.length).toBeGreaterThan(0)
        for (const { bytes } of sends) expect(permits(bytes)).toBe(true)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })
})

function textIdsOf(request: Uint8Array): readonly number[] {
  const view = new DataView(request.buffer, request.byteOffset)
  const textIds: number[] = []
  for (let at = 38; at + 4 <= request.length; at += 4) textIds.push(view.getUint32(at))
  return textIds
}
