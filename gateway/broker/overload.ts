/** What is left out when the gateway cannot keep up, decided by how late its event loop is. Pure. */

/** Each level leaves out what those below it do, too. Numbers, alerts and states are on none of them. */
export type ShedLevel = 'nothing' | 'waveforms' | 'history'

export interface Strain {
  readonly level: ShedLevel
  /** How often in a row it was calm. */
  readonly calmLooks: number
}

export const NO_STRAIN: Strain = { level: 'nothing', calmLooks: 0 }

/** From this mean delay of the event loop on. At the design load it is below a millisecond. */
const FROM_MS: Readonly<Record<Exclude<ShedLevel, 'nothing'>, number>> = { waveforms: 100, history: 250 }
/** Half of what began it, so that what was left out does not begin it again as soon as it is back. */
const CALM_SHARE = 0.5
const CALM_LOOKS = 5

const LOWER: Readonly<Record<ShedLevel, ShedLevel>> = {
  nothing: 'nothing',
  waveforms: 'nothing',
  history: 'waveforms',
}

/** Rises one level at a look, and falls one level after a while of calm. */
export function strainAfter({ level, calmLooks }: Strain, delayMs: number): Strain {
  if (level === 'nothing')
    return delayMs >= FROM_MS.waveforms ? { level: 'waveforms', calmLooks: 0 } : NO_STRAIN
  if (level === 'waveforms' && delayMs >= FROM_MS.history) return { level: 'history', calmLooks: 0 }
  if (delayMs >= FROM_MS[level] * CALM_SHARE) return { level, calmLooks: 0 }
  return calmLooks + 1 < CALM_LOOKS
    ? { level, calmLooks: calmLooks + 1 }
    : { level: LOWER[level], calmLooks: 0 }
}

/** Waveforms at QoS 0, as they come in and as they go out; history on its way to the stations. */
export function shedGroup(topic: string, qos: 0 | 1 | 2): Exclude<ShedLevel, 'nothing'> | undefined {
  const [root, , ...levels] = topic.split('/')
  if (root === 'ingest') return levels[1] === 'waveform' && qos === 0 ? 'waveforms' : undefined
  if (root !== 'vitals') return undefined
  const kind = levels[3]
  if (kind === 'waveform' && qos === 0) return 'waveforms'
  return kind === 'history' ? 'history' : undefined
}

export function isShed(group: ReturnType<typeof shedGroup>, level: ShedLevel): boolean {
  return group !== undefined && (level === 'history' || group === level)
}
