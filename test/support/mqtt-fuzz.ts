/**
 * Makes sessions of a client that keeps no rule: well-formed packets in any state, packets with a fault in every place
 * that has one, noise, bytes split anywhere, and ends of every kind. All of it follows from the seed.
 */

import {
  connect,
  DISCONNECT,
  field,
  number,
  packet,
  PINGREQ,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  subscribe,
  unsubscribe,
  type Qos,
} from './mqtt-packets.ts'

/** mulberry32: small, and good enough to choose by. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 up to and without `count`. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) % count
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  of<T>(first: T, ...others: readonly T[]): T {
    return others[this.below(others.length + 1) - 1] ?? first
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)))
  }
}

export interface FuzzSession {
  /** Written one after the other, each in its own turn. */
  readonly pieces: readonly Buffer[]
  readonly end: 'reset' | 'close' | 'disconnect' | 'linger'
}

/** Ids of clients: few, so that they meet; hostile ones among them. */
const IDS = [
  '',
  'a',
  'b',
  '__proto__',
  'constructor',
  'toString',
  '$SYS',
  '#',
  'hasOwnProperty',
  'x'.repeat(300),
] as const
const NAMES = [
  'fuzz',
  'fuzz/a',
  'fuzz//',
  '/',
  '__proto__',
  '__proto__/constructor',
  'constructor',
  'toString/valueOf',
  '$SYS/lab/x',
  '$SYS/lab/new/clients',
  '$SYS/other/birth',
  '$SYS/lab/heartbeat',
  '$void',
  '$',
  '\uFEFF',
  'fuzz/\uFFFF',
  'd/'.repeat(98),
  'd/'.repeat(99),
  'd/'.repeat(100),
  'd/'.repeat(3_000),
  't'.repeat(60_000),
] as const
const FILTERS = [
  '#',
  '+',
  '+/#',
  'fuzz/#',
  'fuzz/+',
  '$SYS/#',
  '$void',
  '+/+/+',
  '/#',
  '__proto__/#',
  '+'.concat('/+'.repeat(99)),
  '+'.concat('/+'.repeat(150)),
] as const
const ILL_FORMED = ['ff', 'c080', 'eda080', '6100', 'f4908080', 'e282'].map((hex) => Buffer.from(hex, 'hex'))

export function makeSession(dice: Dice): FuzzSession {
  const packets = Array.from({ length: 1 + dice.below(12) }, () => makePacket(dice))
  if (dice.chance(90)) packets.unshift(makeConnect(dice))
  const bytes = Buffer.concat(packets.map((one) => (dice.chance(8) ? damaged(one, dice) : one)))
  return { pieces: split(bytes, dice), end: dice.of('reset', 'close', 'disconnect', 'linger') }
}

function makeConnect(dice: Dice): Buffer {
  const isOdd = dice.chance(10)
  return connect({
    id: isOdd ? dice.of(ILL_FORMED[0] ?? '', ...ILL_FORMED) : dice.of(...IDS),
    clean: dice.chance(60),
    keepAliveS: dice.of(0, 1, 65_535),
    ...(dice.chance(40)
      ? { will: { topic: name(dice), payload: 'will', qos: dice.below(4), retain: dice.chance(30) } }
      : {}),
    ...(dice.chance(20) ? { userName: 'u' } : {}),
    ...(dice.chance(20) ? { password: dice.bytes(3) } : {}),
    level: dice.chance(5) ? dice.below(256) : 4,
    extraFlags: dice.chance(5) ? dice.below(256) : 0,
  })
}

const MAKERS: readonly ((dice: Dice) => Buffer)[] = [
  makePublish,
  makePublish,
  makePublish,
  (dice) => subscribe(id(dice), [filter(dice), dice.below(dice.chance(5) ? 256 : 3)]),
  (dice) => subscribe(id(dice), [filter(dice), 0], [filter(dice), 1], [filter(dice), 2]),
  (dice) => unsubscribe(id(dice), filter(dice), filter(dice)),
  (dice) => dice.of(puback, pubrec, pubrel, pubcomp)(id(dice)),
  (dice) => dice.of(puback, pubrec, pubrel, pubcomp)(id(dice)),
  () => PINGREQ,
  (dice) => packet(dice.below(256), dice.bytes(dice.below(40))),
  (dice) => Buffer.concat([Buffer.of(dice.below(256)), dice.bytes(4), field('x')]),
  (dice) => (dice.chance(30) ? makeConnect(dice) : PINGREQ),
  (dice) => (dice.chance(30) ? DISCONNECT : PINGREQ),
]

function makePacket(dice: Dice): Buffer {
  return dice.of(makePublish, ...MAKERS)(dice)
}

function makePublish(dice: Dice): Buffer {
  const qos: Qos = dice.of<Qos>(0, 1, 2)
  const payload = dice.chance(3) ? Buffer.alloc(dice.below(300_000)) : dice.bytes(dice.below(30))
  const retain = dice.chance(20)
  return publish(name(dice), payload, { qos, messageId: id(dice), dup: qos > 0 && dice.chance(30), retain })
}

function id(dice: Dice): number {
  return dice.chance(3) ? dice.of(0, 65_535) : 1 + dice.below(8)
}

function name(dice: Dice): string | Buffer {
  return dice.chance(4) ? dice.of(ILL_FORMED[0] ?? '', ...ILL_FORMED) : dice.of(...NAMES)
}

function filter(dice: Dice): string | Buffer {
  return dice.chance(70) ? dice.of(...FILTERS) : name(dice)
}

/** One thing is wrong: a byte, a length, an end that is missing, or something that is there twice. */
function damaged(bytes: Buffer, dice: Dice): Buffer {
  const at = dice.below(bytes.length)
  const copy = Buffer.from(bytes)
  copy[at] = dice.below(256)
  return dice.of(
    copy,
    bytes.subarray(0, at),
    Buffer.concat([bytes, bytes.subarray(0, at)]),
    Buffer.concat([bytes.subarray(0, at), number(dice.below(65_536)), bytes.subarray(at)]),
  )
}

function split(bytes: Buffer, dice: Dice): readonly Buffer[] {
  const pieces: Buffer[] = []
  const largest = dice.of(bytes.length, 3, 50, 5_000)
  // A long session in pieces of a byte or two would be all that the fuzzer does.
  const least = Math.ceil(bytes.length / 200)
  for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 1)
    pieces.push(bytes.subarray(at, at + Math.max(least, 1 + dice.below(largest))))
  return pieces
}
