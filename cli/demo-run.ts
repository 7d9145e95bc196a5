/** The course of a demo, in order: state, devices, gateway, stations, intruders, the show, the end. */

import { openSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock, systemUptime } from '../gateway/clock.ts'
import { loadConfig } from '../gateway/config/load-config.ts'
import type { RejectedMessage } from '../gateway/contract/reading.ts'
import { BrokerError } from '../gateway/errors.ts'
import { createLog, silentLog } from '../gateway/log.ts'
import { startGateway } from '../gateway/main.ts'
import { startScenario } from '../simulators/run.ts'
import { demoScenario } from './demo-scenario.ts'
import { tryForbiddenUplinks, tryPlaintext } from './demo-intruder.ts'
import { showDemo, type DemoView } from './demo-screen.ts'
import {
  DEMO_BEDSIDE,
  DEMO_OPERATOR,
  makeDemoPki,
  makeStateDir,
  stationOf,
  withCallPorts,
  writeDemoConfig,
  writeDemoInventory,
} from './demo-state.ts'
import { summaryOf, summaryText } from './demo-summary.ts'
import { DemoTally } from './demo-tally.ts'
import { software } from './software.ts'
import { openStation, type Station } from './station.ts'
import { stopSignal } from './stop-signal.ts'

export interface DemoOptions {
  readonly for?: number
  readonly state?: string
  readonly json?: boolean
  readonly beds?: number
  readonly scenario?: string
}

export async function runDemo(options: DemoOptions): Promise<void> {
  const clock = systemClock
  const say = (text: string): void => {
    process.stderr.write(`wardgate: ${text}\n`)
  }
  const scenario = await withCallPorts(demoScenario(options))
  const wards = [...new Set(scenario.devices.map(({ ward }) => ward))]

  const stateDir = makeStateDir(options.state)
  say(`making certificates in ${stateDir}`)
  const store = makeDemoPki(stateDir, wards, clock.nowMs())
  const undo: (() => Promise<void>)[] = []
  try {
    const simulation = await startScenario({
      scenario,
      runDir: stateDir,
      clock,
      waitsForReader: true,
      onNotice: say,
    })
    undo.push(() => simulation.stop())
    writeDemoInventory(stateDir, simulation.devices, wards)
    const configFile = await writeDemoConfig(stateDir, simulation.devices)
    const log = createLog('info', openSync(join(stateDir, 'gateway.log'), 'a', 0o600))
    const gateway = await startGateway(loadConfig(configFile), {
      software: software.version,
      clock,
      uptime: systemUptime,
      log,
    })
    undo.push(() => gateway.stop())
    const [address] = gateway.addresses
    if (address === undefined) throw new BrokerError('the gateway of the demo has no listener')
    const url = `mqtts://${address.host}:${address.port}`
    const https = gateway.webAddresses.map(({ host, port }) => `, https://${host}:${port}`).join('')
    say(`gateway at ${url}${https}, ${simulation.devices.length} devices in ${wards.join(' and ')}`)

    const tally = new DemoTally()
    const open = (id: string, role: 'consumer' | 'operator', filters: readonly string[]): Station => {
      const station = openStation({
        url,
        id,
        material: () => store.clientMaterial(role, id),
        filters,
        clock,
        log: silentLog,
      })
      undo.push(() => station.close())
      return station
    }
    const stations = wards.map((ward) => open(stationOf(ward), 'consumer', [`vitals/v1/${ward}/#`]))
    for (const { messages$ } of stations) messages$.subscribe((message) => tally.takeDelivery(message))
    const engineer = open(DEMO_OPERATOR, 'operator', ['ops/v1/#'])
    engineer.messages$.subscribe(({ topic, payload }) => {
      if (topic.split('/')[3] === 'rejected')
        tally.takeRejection(JSON.parse(payload.toString('utf8')) as RejectedMessage)
    })

    const view: DemoView = {
      url,
      stateDir,
      configFile,
      scenario,
      stations,
      tally,
      plaintext: [],
      uplinks: [],
    }
    const intruding = Promise.all([
      tryPlaintext(address),
      tryForbiddenUplinks(store.clientMaterial('bedside', DEMO_BEDSIDE), clock),
    ]).then(([plaintext, uplinks]) => {
      Object.assign(view, { plaintext, uplinks })
    })
    const hideDemo = showDemo(view, {
      output: options.json === true ? process.stderr : process.stdout,
      clock,
    })
    await stopSignal(clock, options.for)
    await intruding
    hideDemo()

    const summary = await summaryOf(view, gateway.counters)
    process.stdout.write(options.json === true ? `${JSON.stringify(summary)}\n` : summaryText(summary, view))
    if (summary.readings === 0)
      throw new BrokerError(`no reading arrived at the station; see ${join(stateDir, 'gateway.log')}`, {
        stateDir,
      })
  } finally {
    for (const stop of undo.reverse()) await stop()
  }
}
