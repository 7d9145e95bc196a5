/** Shapes of one heartbeat and one breath, from 0 to 1, by phase (0..1). Not recorded: they only look alive. */

/** Upstroke, systolic peak, dicrotic notch. */
export function plethShape(phase: number): number {
  return Math.min(1, bump(phase, 0.2, 0.09) + 0.35 * bump(phase, 0.48, 0.11))
}

/** P wave, QRS complex and T wave, in mV. */
export function ecgMillivolts(phase: number): number {
  return (
    0.12 * bump(phase, 0.2, 0.03) -
    0.1 * bump(phase, 0.335, 0.01) +
    1.1 * bump(phase, 0.36, 0.012) -
    0.2 * bump(phase, 0.385, 0.012) +
    0.25 * bump(phase, 0.62, 0.06)
  )
}

export function breathShape(phase: number): number {
  return 0.5 - 0.5 * Math.cos(2 * Math.PI * phase)
}

/** Where in a cycle of `perMinute` the next sample falls. Without a rate the phase stands still. */
export function nextPhase(phase: number, perMinute: number | undefined, rateHz: number): number {
  return perMinute === undefined ? phase : (phase + perMinute / 60 / rateHz) % 1
}

function bump(phase: number, centre: number, width: number): number {
  const distance = (phase - centre) / width
  return Math.exp(-0.5 * distance * distance)
}
