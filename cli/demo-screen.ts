/** What a user sees of a running demo. */

import type { Cancel, Clock } from '../gateway/clock.ts'
import type { Scenario } from '../simulators/scenario.ts'
import type { PlaintextAttempt, UplinkAttempt } from './demo-intruder.ts'
import type { DemoTally } from './demo-tally.ts'
import { drawBoard, printable } from './draw-board.ts'
import { openLiveScreen } from './live-screen.ts'
import type { Station } from './station.ts'

export interface DemoView {
  readonly url: string
  readonly stateDir: string
  readonly configFile: string
  readonly scenario: Scenario
  readonly stations: readonly Station[]
  readonly tally: DemoTally
  readonly plaintext: readonly PlaintextAttempt[]
  readonly uplinks: readonly UplinkAttempt[]
}

const ALERTS_SHOWN = 5
const REDRAW_MS = { ansi: 500, plain: 5_000 } as const

/** Draws until it is told to stop. */
export function showDemo(
  view: DemoView,
  { output, clock }: { output: NodeJS.WriteStream; clock: Clock },
): Cancel {
  const screen = openLiveScreen(output)
  const draw = (): void => {
    screen.draw([
      ...head(view),
      '',
      ...board(view, screen.columns, screen.style, clock.nowMs()),
      '',
      ...foot(view),
    ])
  }
  draw()
  const cancel = clock.every(REDRAW_MS[screen.style], draw)
  return () => {
    cancel()
    screen.close()
  }
}

function board(
  { stations }: DemoView,
  columns: number,
  style: 'ansi' | 'plain',
  nowMs: number,
): readonly string[] {
  return drawBoard(
    stations.flatMap((station) => station.board.rows(nowMs)),
    { columns, style },
  )
}

function head({ url, stations, tally }: DemoView): readonly string[] {
  const p50 = tally.latencyMs(0.5)
  const latency = p50 === null ? '' : `   device to station ${p50} ms (median)`
  return [
    `wardgate demo   ${url}   ${tally.observationSetCount} sets, ${tally.readingCount} readings, ${tally.waveformBlockCount} waveform blocks${latency}`,
    ...stations.map((station) => `  ${station.status()}`),
  ]
}

function foot({ plaintext, uplinks, tally, stateDir }: DemoView): readonly string[] {
  return [
    ...plaintext.map(({ what, answeredBytes }) =>
      answeredBytes === 0
        ? `  REFUSED  plaintext ${what}: not one byte answered`
        : `  FAILED   plaintext ${what}: ${answeredBytes} bytes were answered`,
    ),
    ...uplinks.map(({ url, reason }) => `  REFUSED  uplink to ${url}: ${reason}`),
    ...tally.alerts
      .slice(-ALERTS_SHOWN)
      .map(({ device, text, phase }) => `  ALERT    ${device}: "${printable(text)}" (${phase})`),
    ...tally.quarantine.map(
      ({ device, reason, count }) =>
        `  QUARANTINED  ${device}: ${reason}${count > 1 ? ` (${count} times)` : ''}`,
    ),
    '',
    'Recorded patients replayed on simulated devices. Shown and relayed only: it does not replace the alarms of a device.',
    `State: ${stateDir}   Ctrl-C ends the demo.`,
  ]
}
