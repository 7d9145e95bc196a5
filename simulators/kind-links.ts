/** Over which links a simulated device can be played, and which fields belong to a link. */

import type { DeviceKind } from './device-kinds.ts'
import type { ScenarioLink } from './scenario.ts'

export interface LinkFault {
  readonly field: string
  readonly text: string
}

const LINKS_OF: Readonly<Record<'serial' | 'udp' | 'tcp-caller' | 'ble', readonly ScenarioLink[]>> = {
  serial: ['pty', 'tcp'],
  udp: ['udp'],
  'tcp-caller': ['call'],
  ble: ['ble'],
}

const LINKS_OF_FIELD: Readonly<Record<string, readonly ScenarioLink[]>> = {
  address: ['ble'],
  tcpPort: ['tcp', 'call'],
  udpPort: ['udp'],
  faults: ['pty', 'tcp'],
}

/** The usual one first. */
export function linksOf(kind: DeviceKind): readonly [ScenarioLink, ...ScenarioLink[]] {
  const [usual = 'pty', ...others] = LINKS_OF[kind.link === 'talking' ? kind.over : kind.link]
  return [usual, ...others]
}

/** What does not fit together; `fields` are those of the scenario's row. */
export function linkFaults(
  kind: DeviceKind,
  link: ScenarioLink,
  fields: Readonly<Record<string, unknown>>,
): readonly LinkFault[] {
  const fitting = linksOf(kind)
  const faults: LinkFault[] = []
  if (!fitting.includes(link))
    faults.push({ field: 'link', text: `${kind.protocol} speaks over ${fitting.join(' or ')}, not ${link}` })
  for (const [field, links] of Object.entries(LINKS_OF_FIELD))
    if (Object.hasOwn(fields, field) && !links.includes(link))
      faults.push({ field, text: `'${field}' belongs to a ${links.join(' or ')} link, not to ${link}` })
  if (link === 'call' && (fields['tcpPort'] ?? 0) === 0)
    faults.push({
      field: 'tcpPort',
      text: "'tcpPort' is missing; it must be the port of the gateway to call",
    })
  return faults
}
