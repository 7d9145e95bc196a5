/** One decoded thing as `wardgate decode` prints it; also the form of `expected.json` in the test vectors. */

import type { Discarded, DriverOutput, Numeric, Observation, Waveform } from '../devices/protocol.ts'

export type DecodedLine = Readonly<Record<string, unknown>> & { readonly kind: string }

/** In wire order; keys without a value are left out. Commands are what a driver asks of its link: nothing was decoded. */
export function decodedLines(output: DriverOutput): readonly DecodedLine[] {
  const lines = linesOf(output)
  const part = 'part' in output ? output.part : undefined
  return part === undefined ? lines : lines.map((line) => ({ ...line, part }))
}

function linesOf(output: DriverOutput): readonly DecodedLine[] {
  switch (output.kind) {
    case 'observation':
      return observationLines(output)
    case 'waveform':
      return [waveformLine(output)]
    case 'alert': {
      const { kind, code, text, priority, source, phase, flags, inactivation, about } = output
      return [
        {
          kind,
          ref: code,
          ...(about === undefined ? {} : { mdc: about.mdc, about: about.ref }),
          value: text,
          priority,
          source,
          phase,
          flags,
          ...(inactivation === undefined ? {} : { inactivation }),
        },
      ]
    }
    case 'text': {
      const { kind, name, value, unit, flags } = output
      return [
        {
          kind,
          ref: name,
          value,
          ...(unit === undefined ? {} : { unit }),
          ...(flags === undefined ? {} : { flags }),
        },
      ]
    }
    case 'characteristic': {
      const { kind, uuid, value } = output
      return [{ kind, uuid, value }]
    }
    case 'discarded':
      return [discardedLine(output)]
    case 'send':
    case 'read':
    case 'subscribe':
    case 'write':
      break
  }
  return []
}

export function discardedLine({ reason, bytes }: Omit<Discarded, 'kind'>): DecodedLine {
  return { kind: 'discarded', reason, bytes: Buffer.from(bytes).toString('hex') }
}

function observationLines({ numerics, deviceTime, isHistory }: Observation): readonly DecodedLine[] {
  const lines: DecodedLine[] = numerics.map((numeric) => numericLine(numeric, isHistory === true))
  if (deviceTime === undefined) return lines
  const instant = new Date(deviceTime.epochMs).toISOString().replace('.000Z', 'Z')
  // A clock that knows no zone must not look as if it did.
  const value = deviceTime.zone === 'utc' ? instant : instant.slice(0, -1)
  return [...lines, { kind: 'text', ref: 'device_time', value }]
}

function numericLine({ metric, value, quality, why }: Numeric, isHistory: boolean): DecodedLine {
  const { mdc, ref, unit, loinc } = metric
  return {
    kind: 'numeric',
    mdc,
    ref,
    value,
    unit,
    ...(loinc === undefined ? {} : { loinc }),
    q: quality,
    ...(why === undefined ? {} : { why }),
    ...(isHistory ? { history: true } : {}),
  }
}

function waveformLine(wave: Waveform): DecodedLine {
  const { kind, channel, label, rateHz, samples, scale, quality, why, isAfterGap } = wave
  return {
    kind,
    mdc: wave.wave?.mdc ?? null,
    ref: wave.wave?.ref ?? label,
    channel,
    rateHz,
    samples,
    ...(scale === undefined ? {} : scale),
    ...(quality === undefined ? {} : { q: quality }),
    ...(why === undefined ? {} : { why }),
    ...(isAfterGap === true ? { afterGap: true } : {}),
  }
}
