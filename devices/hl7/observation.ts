/** One OBX segment, its fields read one by one and nothing concluded yet. */

import type { DeviceTime } from '../protocol.ts'
import { unescape } from './charset.ts'
import { readCode } from './code.ts'
import type { ObservationCode } from './code.ts'
import type { Delimiters, Segment } from './message.ts'
import { readFlags } from './status.ts'
import { readTime } from './time.ts'
import { readUnit } from './unit.ts'
import type { UnitReading } from './unit.ts'

export interface Obx {
  readonly type: string
  readonly code: ObservationCode
  /** `MDS.VMD.channel.metric[.facet]`. */
  readonly subId: string
  /** OBX-5 as components of its first repetition. */
  readonly value: readonly string[]
  /** More than one repetition: no single number. */
  readonly isRepeated: boolean
  /** OBX-5 as it is to be read, delimiters and all. */
  readonly text: string
  readonly unit: UnitReading
  readonly flags: readonly string[]
  readonly status: string
  /** OBX-14 of its own. */
  readonly time: DeviceTime | undefined
  readonly equipment: string
}

const DEVICE_LEVEL = /^\d+(\.\d+)*\.0$/

export function readObx({ fields }: Segment, delimiters: Delimiters): Obx {
  const { component, repetition } = delimiters
  const field = (number: number): string => fields[number] ?? ''
  const components = (number: number): readonly string[] =>
    field(number)
      .split(repetition, 1)[0]
      ?.split(component)
      .map((text) => unescape(text, delimiters)) ?? []
  return {
    type: field(2).trim().toUpperCase(),
    code: readCode(components(3).slice(0, 6)),
    subId: field(4).trim(),
    value: components(5),
    isRepeated: field(5).includes(repetition),
    text: unescape(field(5), delimiters),
    unit: readUnit(components(6).slice(0, 6)),
    flags: readFlags(field(8).split(repetition, 64)),
    status: field(11),
    time: readTime(field(14).trim()),
    equipment: components(18)[0]?.trim() ?? '',
  }
}

/** "Trailing zeros = device segment": it names a device or channel and carries no value. */
export function isDeviceLevel({ subId, text }: Obx): boolean {
  return text === '' && DEVICE_LEVEL.test(subId)
}

/** "Otherwise inherit from the channel OBX, VMD, MDS, then OBR-7." */
export function inheritedTimes(observations: readonly Obx[]): (obx: Obx) => DeviceTime | undefined {
  const byContainer = new Map<string, DeviceTime>()
  for (const { subId, time } of observations)
    if (time !== undefined && DEVICE_LEVEL.test(subId)) byContainer.set(subId.replace(/(\.0)+$/, ''), time)
  return ({ subId }) => {
    const [mds = '', vmd = '', channel = ''] = subId.split('.', 3)
    const containers = [`${mds}.${vmd}.${channel}`, `${mds}.${vmd}`, mds]
    return containers.map((container) => byContainer.get(container)).find((time) => time !== undefined)
  }
}
