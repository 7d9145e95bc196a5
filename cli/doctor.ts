/** `wardgate doctor --port PATH`: what is wrong with a serial line, and the lines to paste into the configuration. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { PROTOCOLS } from '../devices/registry.ts'
import { systemClock } from '../gateway/clock.ts'
import { isSerialProtocol, type SerialProtocol } from '../gateway/doctor/candidates.ts'
import { diagnose, type Finding } from '../gateway/doctor/diagnose.ts'
import { examineLine, type Examination, type Expectation } from '../gateway/doctor/examine.ts'
import { kernelErrors } from '../gateway/doctor/kernel-errors.ts'
import { lineDifference, lineText } from '../gateway/doctor/line-text.ts'
import { UsageError } from '../gateway/errors.ts'
import { silentLog } from '../gateway/log.ts'
import { createSerialLink } from '../gateway/transport/serial-link.ts'

interface DoctorOptions {
  readonly port: string
  readonly protocol?: string
  readonly listenOnly?: boolean
  readonly json?: boolean
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('find out what is wrong with a serial line: speed, parity, protocol, cable')
    .requiredOption('--port <path>', 'terminal device of the line, e.g. /dev/ttyUSB0')
    .option('--protocol <id>', 'what the configuration says stands there')
    .option('--listen-only', 'send nothing at all, not even the harmless questions of the drivers')
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nNo gateway may read the port meanwhile. Exit code 0 when the line is sound, 1 when something was found.',
    )
    .action(doctor)
}

async function doctor(options: DoctorOptions): Promise<void> {
  const protocols = PROTOCOLS.filter(isSerialProtocol)
  const expected = expectationOf(options.protocol, protocols)
  const lockDir = mkdtempSync(join(tmpdir(), 'wardgate-doctor-'))
  try {
    const examination = await examineLine({
      openLink: (line) =>
        createSerialLink({
          path: options.port,
          line,
          lockDir,
          // The examination has its own limits of time.
          silenceMs: 3_600_000,
          clock: systemClock,
          random: Math.random,
          log: silentLog,
        }),
      protocols,
      ...(expected !== undefined && { expected }),
      lineErrors: () => kernelErrors(options.port),
      manner: options.listenOnly === true ? 'listen-only' : 'ask',
      clock: systemClock,
      onStep: (text) => process.stderr.write(`${text}\n`),
    })
    const findings = diagnose(examination, expected)
    process.stdout.write(
      options.json === true
        ? jsonReport(options.port, examination, findings)
        : textReport(options.port, examination, findings),
    )
    if (findings.length > 0) process.exitCode = 1
  } finally {
    rmSync(lockDir, { recursive: true, force: true })
  }
}

function expectationOf(
  id: string | undefined,
  protocols: readonly SerialProtocol[],
): Expectation | undefined {
  if (id === undefined) return undefined
  const protocol = protocols.find((candidate) => candidate.id === id)
  if (protocol === undefined)
    throw new UsageError(
      `'${id}' does not run over a serial line; those that do are ${protocols.map((row) => row.id).join(', ')}`,
    )
  return { protocol, line: protocol.link }
}

function textReport(port: string, examination: Examination, findings: readonly Finding[]): string {
  const { found } = examination
  const heading =
    found === undefined
      ? `${port}: no device was recognised`
      : `${port}: ${found.protocol.id} at ${lineText(found.line)}`
  const verdicts = findings.map(({ code, text, advice }) => `  ${code}: ${text}\n      ${advice}`)
  const sound = findings.length === 0 ? ['  nothing is wrong with this line'] : []
  const paste =
    found === undefined
      ? []
      : ['', "configuration, below 'devices:' (choose the id):", configLines(port, found)]
  return `${[heading, ...verdicts, ...sound, ...paste].join('\n')}\n`
}

/** The row as YAML; the settings stand in it only where they are not the usual ones. */
function configLines(port: string, { protocol, line }: NonNullable<Examination['found']>): string {
  const different = lineDifference(line, protocol.link)
  const settings = different.length === 0 ? '' : `, line: { ${different.join(', ')} }`
  return `    - { id: my-device, protocol: ${protocol.id}, link: serial, path: ${port}${settings} }`
}

function jsonReport(port: string, { found, listenings }: Examination, findings: readonly Finding[]): string {
  const report = {
    port,
    ok: findings.length === 0,
    ...(found !== undefined && {
      protocol: found.protocol.id,
      line: found.line,
      foundBy: found.by,
      config: configLines(port, found).trim(),
    }),
    tried: listenings.map(({ line, listening }) => ({ line: lineText(line), bytes: listening.bytes.length })),
    findings,
  }
  return `${JSON.stringify(report)}\n`
}
