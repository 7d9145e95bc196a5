#!/usr/bin/env node
/** The `wardgate` command: one file per subcommand, exit codes 0 ok, 1 failure, 2 usage, 78 configuration. */

import { Command, CommanderError } from 'commander'
import { errorCode, errorMessage } from '../gateway/errors.ts'
import { software } from './software.ts'
import { certsCommand } from './certs.ts'
import { checkConfigCommand } from './check-config.ts'
import { clockCommand } from './clock.ts'
import { decodeCommand } from './decode.ts'
import { demoCommand } from './demo.ts'
import { devicesCommand } from './devices.ts'
import { doctorCommand } from './doctor.ts'
import { protocolsCommand } from './protocols.ts'
import { recordIssued } from './record-issued.ts'
import { runCommand } from './run.ts'
import { simulateCommand } from './simulate.ts'
import { usersCommand } from './users.ts'
import { watchCommand } from './watch.ts'

const EXIT_BY_CODE: Readonly<Record<string, number>> = { WG_USAGE: 2, WG_CONFIG: 78 }

// A reader that has seen enough ('| head') is no failure.
process.stdout.on('error', (error: unknown) => {
  if (errorCode(error) === 'EPIPE') process.exit(0)
  throw error
})

const program = new Command('wardgate')
  .description(
    'Edge gateway for bedside vitals telemetry: mutual TLS MQTT, nothing in the clear, nothing on a public network.',
  )
  .version(software.version)
  .addCommand(demoCommand())
  .addCommand(runCommand())
  .addCommand(checkConfigCommand())
  .addCommand(certsCommand({ afterIssue: recordIssued }))
  .addCommand(clockCommand())
  .addCommand(devicesCommand())
  .addCommand(usersCommand())
  .addCommand(watchCommand())
  .addCommand(simulateCommand())
  .addCommand(decodeCommand())
  .addCommand(doctorCommand())
  .addCommand(protocolsCommand())

throwInsteadOfExit(program)
try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) throwInsteadOfExit(child)
}

function exitCodeOf(error: unknown): number {
  // commander has written its own message already; its help and version end with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  process.stderr.write(`wardgate: ${errorMessage(error)}\n`)
  const code = errorCode(error)
  if (code?.startsWith('WG_') !== true && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`)
  return EXIT_BY_CODE[code ?? ''] ?? 1
}
