/** `wardgate demo`: a whole ward on this machine, from the devices' bytes to the nurses' station. */

import { Command, InvalidArgumentError } from 'commander'
import { parseDurationMs } from './duration.ts'
import { runDemo, type DemoOptions } from './demo-run.ts'

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'a whole ward on this machine: recorded patients on simulated devices, gateway, station; Ctrl-C ends it',
    )
    .option('--for <duration>', 'stop by itself and print a summary, e.g. 30s', parseDurationMs)
    .option(
      '--state <dir>',
      'where certificates, inventory and log are made; must be new (default: a temporary directory)',
    )
    .option('--json', 'end with the summary as one JSON object on the last line of stdout')
    .option('--beds <n>', 'how many beds', parseBeds)
    .option(
      '--scenario <file>',
      "other devices and patients: 'protocols' (one device of every kind), or a file like simulators/scenarios/ward.yaml",
    )
    .action(async (options: DemoOptions) => {
      await runDemo(options)
    })
}

function parseBeds(text: string): number {
  const beds = Number(text)
  if (/^\d{1,3}$/.test(text) && beds >= 1 && beds <= 200) return beds
  throw new InvalidArgumentError(`'${text}' is no number of beds; write 1 to 200`)
}
