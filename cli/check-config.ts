/** `wardgate check-config FILE`: every fault of a configuration, before it is put in place. */

import { Command } from 'commander'
import type { Config } from '../gateway/config/config.ts'
import { loadConfig, readConfig } from '../gateway/config/load-config.ts'

interface CheckOptions {
  readonly json?: boolean
}

/** `print` takes what is meant for standard output. */
export function checkConfigCommand(print: (text: string) => void = printOut): Command {
  return new Command('check-config')
    .description('check a configuration file: every fault with file:line:column and what to write instead')
    .argument('<file>', 'YAML file')
    .option('--json', 'one JSON object on stdout, with the faults')
    .addHelpText('after', '\nExit code 0 when the file is good, 78 when it is not.')
    .action((file: string, options: CheckOptions) => checkConfig(file, options, print))
}

function printOut(text: string): void {
  process.stdout.write(text)
}

function checkConfig(file: string, { json = false }: CheckOptions, print: (text: string) => void): void {
  if (json) {
    const { config, faults = [] } = readConfig(file)
    print(`${JSON.stringify({ file, ok: config !== undefined, faults })}\n`)
  }
  const config = loadConfig(file)
  if (!json) print(`${file}: ok\n${summarise(config)}\n`)
}

function summarise({ gateway, broker, web, bedside, uplinks }: Config): string {
  const parts = [
    broker === undefined ? undefined : `${broker.listen.length} listener(s)`,
    web === undefined ? undefined : `${web.listen.length} of HTTPS`,
    bedside === undefined ? undefined : `${bedside.devices.length} device(s) at ${bedside.id}`,
    `${uplinks.length} uplink(s)`,
  ]
  return `gateway ${gateway}: ${parts.filter((part) => part !== undefined).join(', ')}`
}
