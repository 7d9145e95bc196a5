/**
 * A fuzzer for one driver. Samples are changed a little; a change that makes the driver say something of a new kind is
 * kept and changed further, which leads it behind checksums and into rare branches without a look at the code.
 */

import { decodedLines } from '../../../cli/decoded-line.ts'
import type { DeviceProtocol, Driver, DriverOutput, LinkEvent } from '../../../devices/protocol.ts'
import { cutAt, seededRandom } from './damage.ts'
import { type Message, mutate, type Sample, shrink } from './mutate.ts'
import { outputFaults } from './output-faults.ts'
import type { Subject } from './subject.ts'

export interface FuzzTarget {
  readonly id: string
  readonly samples: readonly Sample[]
  /** Any cut of the bytes must give the same output. */
  readonly isStream: boolean
  readonly sends: DeviceProtocol['sends']
  createDriver(): Driver
}

export interface FuzzReport {
  readonly runs: number
  /** How many kinds of output were seen: says how far it came. */
  readonly kinds: number
  readonly failure?: string
}

const MAX_CORPUS = 400
const MAX_SHRINK_TRIES = 400
const AT_MS = Date.UTC(2026, 8, 20)

export function lineTarget(subject: Subject): FuzzTarget {
  const context = subject.cases[0]?.context ?? {}
  return {
    id: subject.id,
    isStream: subject.input === 'stream',
    sends: subject.protocol?.sends ?? [],
    samples: subject.cases.map(({ bytes, lines }) =>
      subject.input === 'stream' ? [{ bytes }] : lines.map((line) => ({ bytes: line })),
    ),
    createDriver: () => subject.createDecoder(context),
  }
}

/** `values` are real values of any characteristics; those that the profile asks for are taken. */
export function gattTarget(protocol: DeviceProtocol, values: readonly Required<Message>[]): FuzzTarget {
  const asked = new Set(protocol.sends.flatMap((rule) => (rule.kind === 'send' ? [] : [rule.characteristic])))
  const own = values.filter(({ characteristic }) => asked.has(characteristic))
  return {
    id: protocol.id,
    isStream: false,
    sends: protocol.sends,
    samples: [own.slice(0, 40), ...own.map((value) => [value])],
    createDriver() {
      const driver = protocol.createDriver()
      driver.receive({ kind: 'opened', characteristics: [...asked] }, AT_MS)
      return driver
    },
  }
}

export function fuzz(target: FuzzTarget, seed: number, budgetMs: number): FuzzReport {
  const random = seededRandom(seed)
  const seen = new Set<string>()
  const corpus: Sample[] = [...target.samples]
  const endMs = Date.now() + budgetMs
  const anyOf = (): Sample => corpus[Math.floor(random() * corpus.length)] ?? []
  let runs = 0
  for (; Date.now() < endMs && corpus.length > 0; runs += 1) {
    const sample = runs < target.samples.length ? anyOf() : mutate(anyOf(), anyOf(), random)
    const result = examine(target, sample, random)
    if ('fault' in result)
      return { runs, kinds: seen.size, failure: report(target, sample, result.fault, seed) }
    const isNew = result.kinds.filter((kind) => !seen.has(kind)).length > 0
    for (const kind of result.kinds) seen.add(kind)
    if (!isNew) continue
    if (corpus.length < MAX_CORPUS) corpus.push(sample)
    else corpus[Math.floor(random() * corpus.length)] = sample
  }
  return { runs, kinds: seen.size }
}

type Examined = { readonly kinds: readonly string[] } | { readonly fault: string }

function examine(target: FuzzTarget, sample: Sample, random: () => number): Examined {
  try {
    const outputs = feed(target, sample)
    for (const output of outputs) {
      const [fault] = outputFaults(output, target.sends)
      if (fault !== undefined) return { fault }
    }
    const total = sample.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const lost = outputs.reduce(
      (sum, output) => sum + (output.kind === 'discarded' ? output.bytes.length : 0),
      0,
    )
    if (lost > total) return { fault: `${lost} bytes discarded of ${total}` }
    if (target.isStream && textOf(feed(target, cut(sample, random))) !== textOf(outputs))
      return { fault: 'another chunking gives another output' }
    return { kinds: outputs.flatMap(kindsOf) }
  } catch (error) {
    return { fault: `it throws ${String(error)}` }
  }
}

function feed(target: FuzzTarget, sample: Sample): readonly DriverOutput[] {
  const driver = target.createDriver()
  const events = sample.map(({ characteristic, bytes }): LinkEvent =>
    characteristic === undefined
      ? { kind: 'bytes', bytes }
      : { kind: 'value', characteristic, via: 'notification', bytes },
  )
  return [...events, { kind: 'closed', reason: 'end' } as const].flatMap((event) =>
    driver.receive(event, AT_MS),
  )
}

function cut(sample: Sample, random: () => number): Sample {
  const bytes = Buffer.concat(sample.map((message) => message.bytes))
  const isByteByByte = random() < 0.2
  const places = isByteByByte
    ? [...bytes.keys()]
    : Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * (bytes.length + 1)))
  return cutAt(bytes, places).map((piece) => ({ bytes: piece }))
}

function textOf(outputs: readonly DriverOutput[]): string {
  return JSON.stringify(outputs.flatMap(decodedLines))
}

/** What is new about an output: its words, not its numbers. */
function kindsOf(output: DriverOutput): readonly string[] {
  return decodedLines(output).map(({ kind, ref, reason, q, why, phase, part, ...rest }) => {
    const value = rest['value']
    const shape = value === null || typeof value === 'boolean' ? String(value) : typeof value
    return JSON.stringify([kind, ref, reason, q, why, phase, part, shape])
  })
}

/** Ready for `wardgate decode`. */
function report(target: FuzzTarget, sample: Sample, fault: string, seed: number): string {
  const random = seededRandom(seed)
  const smallest = shrink(
    sample,
    (candidate) => 'fault' in examine(target, candidate, random),
    MAX_SHRINK_TRIES,
  )
  const hex = smallest.map(({ characteristic, bytes }) => {
    const text = Buffer.from(bytes).toString('hex')
    return characteristic === undefined ? text : `${text}   (characteristic ${characteristic})`
  })
  return [
    `${target.id}: ${fault}`,
    `seed ${seed}; again with: npm run fuzz -- --protocol ${target.id} --seed ${seed}`,
    `wardgate decode --protocol ${target.id} --hex <<'END'`,
    ...hex,
    'END',
  ].join('\n')
}
