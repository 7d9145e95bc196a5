/** `wardgate watch`: a nurses' station in the terminal, over mutual TLS like every other consumer. */

import { Command } from 'commander'
import { systemClock, systemUptime } from '../gateway/clock.ts'
import { isId } from '../gateway/contract/topics.ts'
import { UsageError } from '../gateway/errors.ts'
import { silentLog } from '../gateway/log.ts'
import { drawBoard } from './draw-board.ts'
import { parseDurationMs } from './duration.ts'
import { openLiveScreen } from './live-screen.ts'
import { stationCertificates } from './station-upkeep.ts'
import { openStation, type StationMessage } from './station.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'
import { stopSignal } from './stop-signal.ts'
import { chooseConsumer, type WatchIdentity } from './watch-identity.ts'

interface WatchOptions {
  readonly state: string
  readonly broker: string
  readonly renewAt?: string
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
    .option(
      '--renew-at <url>',
      "where its certificate is renewed without a store here (default: the gateway's port 8443)",
    )
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
  const filters = filtersOf(consumer, options)
  const say = (text: string): void => {
    process.stderr.write(`wardgate watch: ${text}\n`)
  }
  const certificates = stationCertificates({
    ...options,
    id: consumer.id,
    clock: systemClock,
    uptime: systemUptime,
    say,
  })
  await certificates.prepare()
  const station = openStation({
    url: options.broker,
    id: consumer.id,
    material: certificates.material,
    filters,
    time: certificates.time,
    clock: systemClock,
    log: silentLog,
  })
  const upkeep = certificates.keep(station)
  const closing = stopSignal(systemClock, options.for)
  const show = options.json === true ? printJson(station.messages$) : drawTable(station, options)
  const refused = station.failed$.subscribe(({ reason }) => say(reason))
  await closing
  show()
  refused.unsubscribe()
  const looked = upkeep.stop()
  await station.close()
  await looked
}

function filtersOf(consumer: WatchIdentity, { ward, bed }: WatchOptions): readonly string[] {
  for (const [what, id] of Object.entries({ ward, bed })) {
    if (id !== undefined && !isId(id))
      throw new UsageError(`--${what} '${id}' is not an id: use a-z, 0-9 and '-'`)
  }
  const { id, wards: known } = consumer
  if (ward !== undefined && known?.includes(ward) === false)
    throw new UsageError(`'${id}' may read ${known.join(', ')}, not '${ward}'`)
  const wards = ward === undefined ? (known ?? []) : [ward]
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
