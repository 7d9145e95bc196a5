/** `wardgate devices`: the inventory of bedside devices. */

import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { PROTOCOLS, protocolById } from '../devices/registry.ts'
import { isId } from '../gateway/contract/topics.ts'
import { UsageError } from '../gateway/errors.ts'
import {
  changeInventory,
  inventoryOf,
  readInventory,
  withEntry,
} from '../gateway/inventory/inventory-file.ts'
import type { DeviceEntry } from '../gateway/ports.ts'
import { systemClock } from '../gateway/clock.ts'
import { certifiedUntil, hasStore, invitationText, invite, type ShownInvitation } from './invitation.ts'
import { readCodeOptions, withCodeOptions, type CodeOptions } from './invitation-options.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'
import { printTable } from './print-table.ts'

interface AddOptions extends CodeOptions {
  readonly state: string
  readonly ward: string
  readonly bed: string
  readonly protocol: string
  readonly bedside?: string
  readonly code: boolean
  readonly json?: boolean
}

interface ShowOptions {
  readonly state: string
  readonly json?: boolean
}

export function devicesCommand(): Command {
  const devices = new Command('devices').description('the inventory of bedside devices')
  const add = devices
    .command('add')
    .description('add a device, or change where it stands; a new association of device and bed begins')
    .argument('<id>', 'device id: lower-case letters, digits and dashes, at most 32')
    .requiredOption('--ward <ward>', 'ward it stands in')
    .requiredOption('--bed <bed>', 'bed it is connected to')
    .requiredOption('--protocol <id>', "protocol it speaks; see 'wardgate protocols'")
    .option('--bedside <id>', 'bedside part that reads it; leave out when the device speaks MQTT itself')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--no-code', 'print no enrolment code')
    .option('--json', 'print the row as JSON')
  withCodeOptions(add).action((id: string, options: AddOptions) => {
    const codeOptions = readCodeOptions(options)
    const entry = newEntry(id, options)
    changeInventory(options.state, (entries) => withEntry(entries, entry))
    const enrolment = options.code ? enrolmentOf(entry, options.state, codeOptions) : undefined
    const shown = typeof enrolment === 'object' ? { ...entry, enrolment } : entry
    const text = typeof enrolment === 'object' ? invitationText(enrolment) : (enrolment ?? '')
    const place = `${id}: ward ${entry.ward}, bed ${entry.bed}, ${entry.protocol}`
    print(options.json === true, shown, `${place}\n${text}`.trimEnd())
  })
  devices
    .command('list')
    .description('every device with its place')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'one JSON array')
    .action((options: ShowOptions) => {
      const rows = inventoryOf(readInventory(options.state)).devices()
      if (options.json === true) process.stdout.write(`${JSON.stringify(rows)}\n`)
      else printTable(['ID', 'WARD', 'BED', 'PROTOCOL', 'BEDSIDE'], rows.map(tableRow))
    })
  devices
    .command('show')
    .description('one device')
    .argument('<id>')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--json', 'as JSON')
    .action((id: string, options: ShowOptions) => {
      const entry = inventoryOf(readInventory(options.state)).device(id)
      if (entry === undefined)
        throw new UsageError(
          `no device '${id}' in ${options.state}/inventory.json; 'wardgate devices list' shows all`,
        )
      print(options.json === true, entry, JSON.stringify(entry, undefined, 2))
    })
  return devices
}

function newEntry(id: string, options: AddOptions): DeviceEntry {
  const { ward, bed, protocol, bedside } = options
  const named = { device: id, ward, bed, ...(bedside === undefined ? {} : { bedside }) }
  for (const [what, value] of Object.entries(named)) {
    if (!isId(value)) throw new UsageError(`${what} '${value}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
  }
  if (protocolById(protocol) === undefined && protocol !== 'mqtt') {
    const known = PROTOCOLS.map((known) => known.id).join(', ')
    throw new UsageError(
      `unknown protocol '${protocol}'; known are ${known}, and mqtt for a device that publishes itself`,
    )
  }
  return {
    role: 'device',
    id,
    ward,
    bed,
    assoc: randomBytes(4).toString('hex'),
    protocol,
    ...(bedside === undefined ? {} : { bedside }),
  }
}

/** The code with which the device fetches its certificate, what to do instead, or nothing where none is needed. */
function enrolmentOf(
  { id, bedside }: DeviceEntry,
  stateDir: string,
  options: ReturnType<typeof readCodeOptions>,
): ShownInvitation | string | undefined {
  // What a bedside part reads needs no certificate: the bedside part has one.
  if (bedside !== undefined) return undefined
  if (!hasStore(stateDir))
    return `no code: there is no certificate store in ${stateDir} yet; run 'wardgate certs init', then 'wardgate certs invite device ${id}'`
  const asked = { stateDir, role: 'device', id, nowMs: systemClock.nowMs(), ...options } as const
  const until = certifiedUntil(asked)
  return until === undefined ? invite(asked) : `it keeps its certificate, valid until ${until}`
}

function tableRow({ id, ward, bed, protocol, bedside }: DeviceEntry): readonly string[] {
  return [id, ward, bed, protocol, bedside ?? '(itself)']
}

function print(isJson: boolean, entry: object, text: string): void {
  process.stdout.write(isJson ? `${JSON.stringify(entry)}\n` : `${text}\n`)
}
