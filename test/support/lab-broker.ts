/**
 * The product's broker module in the foreground, with one thing replaced: any client certificate of the given CA may use
 * any client id and any topic, and payloads have no schema. For public MQTT conformance and crash suites; not shipped.
 */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { splitCrls } from '../../certs/crl-reading.ts'
import { startBroker, type Broker } from '../../gateway/broker/aedes-broker.ts'
import { errorMessage } from '../../gateway/errors.ts'
import { createLog } from '../../gateway/log.ts'
import type { EventSink } from '../../gateway/ports.ts'
import { labBroker } from './lab-rules.ts'

const HOST = '127.0.0.1'
const USAGE =
  'usage: npm run lab-broker -- --port N --ca FILE --cert FILE --key FILE [--crl FILE] --state DIR [--verbose]'

interface LabOptions {
  readonly port: number
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly crl: string | undefined
  readonly state: string
  readonly verbose: boolean
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === undefined) {
    process.stderr.write(`${USAGE}\n`)
    process.exitCode = 2
    return
  }
  mkdirSync(options.state, { recursive: true, mode: 0o700 })
  chmodSync(options.state, 0o700)
  const log = createLog(options.verbose ? 'info' : 'error')
  const events: EventSink = { emit: (_class, event, detail) => log.info(event, detail) }
  const broker = await startBroker({
    ...labBroker({ stateDir: options.state, log, events }),
    listen: [{ host: HOST, port: options.port }],
    material: {
      key: readFileSync(options.key, 'utf8'),
      cert: readFileSync(options.cert, 'utf8'),
      ca: readFileSync(options.ca, 'utf8'),
      ...(options.crl === undefined ? {} : { crl: splitCrls(readFileSync(options.crl, 'utf8')) }),
    },
  })
  const url = `mqtts://${HOST}:${broker.addresses[0]?.port ?? options.port}`
  writeFileSync(join(options.state, 'lab-broker.json'), `${JSON.stringify({ url, pid: process.pid })}\n`)
  process.stdout.write(`lab broker on ${url}\n`)
  stopOnSignals(broker)
}

function readOptions(): LabOptions | undefined {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        ca: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        crl: { type: 'string' },
        state: { type: 'string' },
        verbose: { type: 'boolean', default: false },
      },
    })
    const { ca, cert, key, crl, state, verbose } = values
    const port = Number(values.port)
    if (values.port === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined
    if (ca === undefined || cert === undefined || key === undefined || state === undefined) return undefined
    return { port, ca, cert, key, crl, state, verbose }
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`)
    return undefined
  }
}

function stopOnSignals(broker: Broker): void {
  const stop = (): void => {
    broker.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

function fail(error: unknown): void {
  process.stderr.write(`lab broker: ${errorMessage(error)}\n`)
  process.exit(1)
}

main().catch(fail)
