/** `wardgate watch`: a nurses' station in the terminal, over mutual TLS like every other consumer. */

import { Command } from 'commander'
import { openStore } from '../certs/store.ts'
import { systemClock, systemUptime } from '../gateway/clock.ts'
import { isId } from '../gateway/contract/topics.ts'
import { UsageError } from '../gateway/errors.ts'
import { readInventory } from '../gateway/inventory/inventory-file.ts'
import { silentLog } from '../gateway/log.ts'
import type { ConsumerEntry } from '../gateway/ports.ts'
import { readTime } from '../gateway/security/keep-time.ts'
import { drawBoard } from './draw-board.ts'
import { parseDurationMs } from './duration.ts'
import { openLiveScreen } from './live-screen.ts'
import { openStation, type StationMessage } from './station.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'
import { stopSignal } from './stop-signal.ts'

interface WatchOptions {
  readonly state: string
  readonly broker: string
  readonly as?: string
  readonly ward?: string
  readonly bed?: string
  readonly for?: number
  readonly json?: boolean
}

const DIS_NOTE =
  'Shown and relayed only (a distributed information system): it does not replace the alarms of the device.'
const REDRAW_MS = { ansi: 500, plain: 5_000 } as const

export function watchCommand(): Command {
  return new Command('watch')
    .description("a nurses' station in the terminal: live values of the wards its certificate is for")
    .option('--state <dir>', 'state directory with the certificates', DEFAULT_STATE_DIR)
    .option('--broker <url>', 'the ward gateway', 'mqtts://127.0.0.1:8883')
    .option('--as <id>', 'consumer identity to use; needed when there are several')
    .option('--ward <ward>', 'this ward only')
    .option('--bed <bed>', 'this bed only')
    .option('--for <duration>', 'stop by itself, e.g. 30s', parseDurationMs)
    .option('--json', 'one JSON object a line for every message')
    .addHelpText('after', `\n${DIS_NOTE}`)
    .action(watch)
}

async function watch(options: WatchOptions): Promise<void> {
  const consumer = chooseConsumer(options)
  const station = openStation({
    url: options.broker,
    id: consumer.id,
    material: openStore(options.state).clientMaterial('consumer', consumer.id),
    filters: filtersOf(consumer, options),
    time: readTime({ stateDir: options.state, clock: systemClock, uptime: systemUptime }),
    clock: systemClock,
    log: silentLog,
  })
  const closing = stopSignal(systemClock, options.for)
  const show = options.json === true ? printJson(station.messages$) : drawTable(station, options)
  const refused = station.failed$.subscribe(({ reason }) =>
    process.stderr.write(`wardgate watch: ${reason}\n`),
  )
  await closing
  show()
  refused.unsubscribe()
  await station.close()
}

function chooseConsumer(options: WatchOptions): ConsumerEntry {
  const consumers = readInventory(options.state).filter(
    (entry): entry is ConsumerEntry => entry.role === 'consumer',
  )
  const names = consumers.map(({ id }) => id).join(', ')
  if (consumers.length === 0)
    throw new UsageError(
      `no consumer in ${options.state}/inventory.json; make one with 'wardgate certs issue consumer station-1 --ward W --state ${options.state}'`,
    )
  const fits = consumers.filter(({ id, wards }) =>
    options.as === undefined ? options.ward === undefined || wards.includes(options.ward) : id === options.as,
  )
  const [only, ...others] = fits
  if (only === undefined) throw new UsageError(`no such consumer here; known are ${names}`)
  if (others.length > 0) throw new UsageError(`several consumers here (${names}); choose one with --as`)
  return only
}

function filtersOf(consumer: ConsumerEntry, { ward, bed }: WatchOptions): readonly string[] {
  for (const [what, id] of Object.entries({ ward, bed })) {
    if (id !== undefined && !isId(id))
      throw new UsageError(`--${what} '${id}' is not an id: use a-z, 0-9 and '-'`)
  }
  if (ward !== undefined && !consumer.wards.includes(ward))
    throw new UsageError(`'${consumer.id}' may read ${consumer.wards.join(', ')}, not '${ward}'`)
  const wards = ward === undefined ? consumer.wards : [ward]
  return wards.map((each) => `vitals/v1/${each}/${bed === undefined ? '#' : `${bed}/#`}`)
}

function printJson(messages$: ReturnType<typeof openStation>['messages$']): () => void {
  const subscription = messages$.subscribe(({ topic, payload, receivedAtMs }: StationMessage) => {
    const text = payload.toString('utf8')
    const body: unknown = text === '' ? null : JSON.parse(text)
    process.stdout.write(
      `${JSON.stringify({ topic, receivedAt: new Date(receivedAtMs).toISOString(), payload: body })}\n`,
    )
  })
  return () => {
    subscription.unsubscribe()
  }
}

function drawTable(station: ReturnType<typeof openStation>, options: WatchOptions): () => void {
  const screen = openLiveScreen(process.stdout)
  const draw = (): void => {
    const board = drawBoard(station.board.rows(systemClock.nowMs()), screen)
    screen.draw([`${station.status()}   ${options.broker}`, DIS_NOTE, '', ...board])
  }
  const cancel = systemClock.every(REDRAW_MS[screen.style], draw)
  return () => {
    cancel()
    draw()
    screen.close()
  }
}
