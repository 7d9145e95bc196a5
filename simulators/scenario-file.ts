/** Reads a scenario from YAML or JSON; every fault is told with its line and column before anything starts. */

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isNode, LineCounter, parseDocument, type Document } from 'yaml'
import { checkFields, readDevice, type FieldPath } from './scenario-device.ts'
import { SCENARIO_FIELDS } from './scenario-fields.ts'
import type { Scenario, ScenarioDevice } from './scenario.ts'
import { SimulatorError } from './simulator-error.ts'

const SHIPPED = fileURLToPath(new URL('./scenarios/', import.meta.url))

/** The ward of the demonstration. */
export const WARD_SCENARIO = join(SHIPPED, 'ward.yaml')

/** `name` is the path of a file, or the bare name of a scenario that ships with wardgate. */
export function readScenario(name: string): Scenario {
  const shipped = join(SHIPPED, `${name}.yaml`)
  const path = /^[a-z0-9-]+$/.test(name) && existsSync(shipped) ? shipped : name
  try {
    return parseScenario(readFileSync(path, 'utf8'), resolve(path))
  } catch (error) {
    if (error instanceof SimulatorError) throw error
    throw new SimulatorError(`cannot read the scenario ${path}: check that it exists and may be read`, error)
  }
}

/** `path` names the file in the messages; patients are looked for beside it. */
export function parseScenario(text: string, path: string): Scenario {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  const faults = document.errors.map(({ pos, message }) => `${place(path, lines, pos[0])}: ${message}`)
  if (faults.length > 0) throw refusal(faults)
  const note = (at: FieldPath, sentence: string): void => {
    faults.push(`${place(path, lines, offsetOf(document, at))}: ${sentence}`)
  }
  const fields = checkFields(document.toJS(), [], SCENARIO_FIELDS, note)
  const entries: readonly unknown[] = Array.isArray(fields['devices']) ? fields['devices'] : []
  const seed = typeof fields['seed'] === 'number' ? fields['seed'] : 0
  const devices = entries.map((entry, index) =>
    readDevice(entry, { path: ['devices', index], seed, baseDir: dirname(path), note }),
  )
  refuseDoubles(devices, note)
  if (faults.length > 0) throw refusal(faults)
  return { devices: devices.filter((device) => device !== undefined) }
}

function refuseDoubles(
  devices: readonly (ScenarioDevice | undefined)[],
  note: (path: FieldPath, text: string) => void,
): void {
  for (const [index, device] of devices.entries()) {
    if (device === undefined) continue
    const { id, address, link } = device
    const earlier = devices.slice(0, index).filter((other) => other !== undefined)
    const taken = earlier.flatMap((other) => [other.id, ...Object.values(other.parts)])
    if (taken.includes(id))
      note(['devices', index, 'id'], `the id '${id}' is used twice; a device has an id of its own`)
    for (const [part, partId] of Object.entries(device.parts))
      if ([...taken, id].includes(partId))
        note(
          ['devices', index, 'parts', part],
          `the id '${partId}' is used twice; a device has an id of its own`,
        )
      else if (link === 'ble' && earlier.some((other) => other.link === 'ble' && other.address === address))
        note(['devices', index, 'address'], `the address ${address} is used twice; give one of them another`)
  }
}

/** Where a value stands; where its map stands when it is missing. */
function offsetOf(document: Document, path: FieldPath): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node)) return node.range?.[0] ?? 0
  }
  return 0
}

function place(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${path}:${line}:${col}`
}

function refusal(faults: readonly string[]): SimulatorError {
  return new SimulatorError(
    `the scenario cannot be played:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
  )
}
