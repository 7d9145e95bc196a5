/** `wardgate protocols`: what wardgate can read, and how sure it is of it. */

import type { Writable } from 'node:stream'
import { Command } from 'commander'
import type { DeviceProtocol } from '../devices/protocol.ts'
import { PROTOCOLS } from '../devices/registry.ts'

export function protocolsCommand(output: Pick<Writable, 'write'> = process.stdout): Command {
  return new Command('protocols')
    .description('every device protocol: id, devices, link, metrics, source of knowledge')
    .option('--json', 'one JSON array')
    .action((options: { readonly json?: boolean }) => {
      output.write(options.json === true ? `${JSON.stringify(PROTOCOLS.map(protocolRow))}\n` : protocolText())
    })
}

function protocolRow(protocol: DeviceProtocol): Readonly<Record<string, unknown>> {
  const { id, version, devices, link, source, metrics, sends, ttlMs } = protocol
  return {
    id,
    version,
    devices,
    link,
    metrics: metrics.map(({ mdc, ref, unit, loinc }) => ({ mdc, ref, unit, loinc })),
    sends,
    ttlMs,
    source,
  }
}

/** A record each: sources and lists of metrics are too long for the columns of a table. */
function protocolText(): string {
  return PROTOCOLS.map((protocol) =>
    [
      `${protocol.id} ${protocol.version}`,
      `  devices  ${protocol.devices}`,
      `  link     ${linkText(protocol.link)}`,
      `  metrics  ${protocol.metrics.map(({ ref, unit }) => `${ref} (${unit})`).join(', ')}`,
      `  sends    ${meanings(protocol).join(', ') || 'nothing'}`,
      `  source   ${protocol.source}`,
      '',
    ].join('\n'),
  ).join('\n')
}

/** Several commands may serve one purpose. */
function meanings({ sends }: DeviceProtocol): readonly string[] {
  return [...new Set(sends.map(({ meaning }) => meaning))]
}

const PARITY_LETTER = { none: 'N', even: 'E', odd: 'O' } as const

function linkText(link: DeviceProtocol['link']): string {
  if (link.kind === 'gatt') return `BLE GATT, service ${link.service}, security ${link.security}`
  if (link.kind === 'udp') return `UDP, port ${link.port} of the device`
  if (link.kind === 'tcp-caller') return 'TCP, the device connects to the gateway'
  const { baudRate, dataBits, parity, stopBits, flowControl } = link
  return `serial ${baudRate} ${dataBits}${PARITY_LETTER[parity]}${stopBits}, flow control ${flowControl}`
}
