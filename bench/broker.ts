/**
 * The broker against a bare Aedes and Mosquitto, in one run: `npm run bench:broker`. Rounds are interleaved, so that a busy
 * moment of the machine meets all of them. `-- --only=b,c` runs some measures, `-- --brokers=ours` some brokers.
 */

import { join } from 'node:path'
import { createBenchWard } from './bench-ward.ts'
import type { Rate } from './broker-clients.ts'
import { startMosquitto, startNodeRival, type Rival } from './broker-rivals.ts'
import { median, printTable } from './statistics.ts'
import { startWorker } from './worker.ts'

const ROUNDS = 3
const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Figure {
  readonly name: string
  readonly unit: string
  readonly digits: number
}

const FIGURES = {
  saturation: { name: 'a. QoS 1, 200 publishers, 1 subscriber: acknowledged/s', unit: '/s', digits: 0 },
  saturationDelivered: { name: 'a. the same: delivered/s', unit: '/s', digits: 0 },
  fanOut: { name: 'b. QoS 1, 50 publishers, 10 subscribers: delivered/s', unit: '/s', digits: 0 },
  p50: { name: 'c. design load, write to read, p50', unit: 'ms', digits: 2 },
  p99: { name: 'c. p99', unit: 'ms', digits: 2 },
  p999: { name: 'c. p99.9', unit: 'ms', digits: 2 },
  gap: { name: 'd. longest gap of a healthy subscriber beside a frozen one', unit: 'ms', digits: 0 },
  growth: { name: 'd. growth of the broker at its highest', unit: 'MiB', digits: 1 },
  arrived: { name: 'd. of what was sent the healthy one got', unit: '%', digits: 0 },
  puback: { name: 'e. PUBLISH to PUBACK at low load, median', unit: 'ms', digits: 2 },
  connack: { name: 'f. connect to CONNACK, median', unit: 'ms', digits: 2 },
  idle: { name: 'g. resident memory of an idle session', unit: 'KiB', digits: 1 },
} satisfies Record<string, Figure>

type FigureId = keyof typeof FIGURES

const option = (name: string): readonly string[] | undefined =>
  process.argv
    .find((argument) => argument.startsWith(`--${name}=`))
    ?.split('=')[1]
    ?.split(',')
const only = option('only')
const brokers = option('brokers')
const isWanted = (measure: string): boolean => only === undefined || only.includes(measure)

const ward = createBenchWard()
const server = ward.material('server', 'gateway', 'P-256')
const material = ward.material('device', 'bench', 'P-256')
const results = new Map<string, Map<FigureId, number[]>>()
const note = ({ name }: Rival, id: FigureId, value: number): void => {
  const figures = results.get(name) ?? new Map<FigureId, number[]>()
  results.set(name, figures)
  figures.set(id, [...(figures.get(id) ?? []), value])
}

type Clients = ReturnType<typeof startWorker>

/** In this order: memory first, in a process that has served nobody; the frozen subscriber last. */
const MEASURES: Readonly<
  Record<string, { readonly rounds: number; run: (clients: Clients, rival: Rival) => Promise<void> }>
> = {
  g: {
    rounds: 1,
    async run(clients, rival) {
      const { port } = rival
      await clients.ask('openIdle', { port, material, count: 300, prefix: 'warm' })
      const before = await rival.residentKiB()
      await clients.ask('openIdle', { port, material, count: 300, prefix: 'idle' })
      note(rival, 'idle', ((await rival.residentKiB()) - before) / 300)
      await clients.ask('closeIdle')
    },
  },
  f: {
    rounds: ROUNDS,
    async run(clients, rival) {
      note(rival, 'connack', await clients.ask('connectTime', { port: rival.port, material, count: 20 }))
    },
  },
  e: {
    rounds: ROUNDS,
    async run(clients, rival) {
      note(rival, 'puback', await clients.ask('pubackLatency', { port: rival.port, material, count: 100 }))
    },
  },
  c: {
    rounds: ROUNDS,
    async run(clients, rival) {
      const detail = { port: rival.port, material, forS: 3 }
      const found = await clients.ask<{ p50: number; p99: number; p999: number; arrivedShare: number }>(
        'designLoad',
        detail,
      )
      note(rival, 'p50', found.p50)
      note(rival, 'p99', found.p99)
      note(rival, 'p999', found.p999)
      if (found.arrivedShare < 1) say(`${rival.name}: ${(found.arrivedShare * 100).toFixed(2)} % arrived`)
    },
  },
  a: {
    rounds: ROUNDS,
    async run(clients, rival) {
      const detail = { port: rival.port, material, publishers: 200, subscribers: 1, forS: 1.5 }
      const { acknowledgedPerS, deliveredPerS, clientCpu } = await clients.ask<Rate>('saturate', detail)
      note(rival, 'saturation', acknowledgedPerS)
      note(rival, 'saturationDelivered', deliveredPerS)
      warnBusy(rival, clientCpu)
    },
  },
  b: {
    rounds: ROUNDS,
    async run(clients, rival) {
      const detail = { port: rival.port, material, publishers: 50, subscribers: 10, forS: 1.5 }
      const { deliveredPerS, clientCpu } = await clients.ask<Rate>('saturate', detail)
      note(rival, 'fanOut', deliveredPerS)
      warnBusy(rival, clientCpu)
    },
  },
  d: {
    rounds: 1,
    async run(clients, rival) {
      // The load itself takes memory, also when everybody reads.
      await clients.ask('frozen', { port: rival.port, material, frozenCount: 0, forS: 3 })
      const before = await rival.residentKiB()
      const peak = rival.watchPeak()
      const { longestGapMs, arrivedShare } = await clients.ask<{
        longestGapMs: number
        arrivedShare: number
      }>('frozen', { port: rival.port, material, frozenCount: 1, forS: 6 })
      note(rival, 'gap', longestGapMs)
      note(rival, 'growth', (peak() - before) / 1024)
      note(rival, 'arrived', arrivedShare * 100)
    },
  },
}

/** Then it is the clients that were measured. */
function warnBusy({ name }: Rival, clientCpu: number): void {
  if (clientCpu > 0.97)
    say(`${name}: the clients had no time left (${(clientCpu * 100).toFixed(0)} % of a core)`)
}

let rivals: readonly Rival[] = []

async function startRivals(): Promise<readonly Rival[]> {
  const started: Rival[] = []
  if (brokers?.includes('ours') ?? true) started.push(await startNodeRival('wardgate', 'ours', server))
  if (brokers?.includes('aedes') ?? true) started.push(await startNodeRival('bare Aedes', 'aedes', server))
  if (brokers?.includes('mosquitto') ?? true) {
    const mosquitto = await startMosquitto(server, join(ward.stateDir, 'mosquitto'))
    if (mosquitto === undefined) say('### MOSQUITTO IS NOT INSTALLED: its column is missing ###')
    else started.push(mosquitto)
  }
  return started
}

const stopRivals = (): Promise<unknown> => Promise.all(rivals.map((rival) => rival.stop()))

try {
  rivals = await startRivals()
  for (const [id, { rounds, run }] of Object.entries(MEASURES)) {
    if (!isWanted(id)) continue
    if (id === 'd') {
      // Memory that was taken under load hides what is taken now.
      await stopRivals()
      rivals = await startRivals()
    }
    for (let round = 0; round < rounds; round += 1)
      for (const rival of rivals) {
        const clients = startWorker('./broker-clients.js')
        await run(clients, rival)
        await clients.stop()
      }
  }
  report()
} finally {
  await stopRivals()
  ward.remove()
}

function report(): void {
  const names = rivals.map(({ name }) => name)
  const others = names.slice(1)
  const rows = Object.entries(FIGURES).flatMap(([id, { name, unit, digits }]) => {
    const values = names.map((broker) => results.get(broker)?.get(id as FigureId))
    if (values.every((found) => found === undefined)) return []
    const medians = values.map((found) => (found === undefined ? Number.NaN : median(found)))
    const [first = Number.NaN] = medians
    const shown = medians.map((value) => `${Number(value.toFixed(digits)).toLocaleString('en')} ${unit}`)
    return [[name, ...shown, ...medians.slice(1).map((value) => `${(first / value).toFixed(2)} x`)]]
  })
  printTable(['', ...names, ...others.map((name) => `against ${name}`)], rows)
}
