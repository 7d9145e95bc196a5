/** What may never come out of a driver, whatever went in. */

import type {
  Command,
  DriverOutput,
  FromPart,
  Numeric,
  SendRule,
  Waveform,
} from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'

/** A level of a topic: wider would let bytes of a device choose where they are published. */
const TOPIC_LEVEL = /^[a-z0-9-]{1,32}$/
/** `ALARM` and the like were there before topics were: letters of either case. */
const ALERT_CODE = /^[A-Za-z0-9-]{1,32}$/

/** What can be written as a date with four digits of a year. */
const EARLIEST_MS = Date.parse('0000-01-01T00:00:00Z')
const LATEST_MS = Date.parse('9999-12-31T23:59:59Z')

export function isCommand(output: DriverOutput): output is Command {
  return ['send', 'read', 'subscribe', 'write'].includes(output.kind)
}

/** Faults in words; empty when the output is sound. `sends` is left out where no command may come at all. */
export function outputFaults(output: DriverOutput, sends: readonly SendRule[] = []): readonly string[] {
  if (isCommand(output)) return isPermitted(output, sends) ? [] : [`may not be sent: ${commandText(output)}`]
  return [...partFaults('part' in output ? output : {}), ...kindFaults(output)]
}

/** Throws where `outputFaults` finds one: for output of a decoder, which has nothing to send. */
export function expectSound(output: DriverOutput): void {
  if (isCommand(output)) return
  const [fault] = outputFaults(output)
  if (fault !== undefined) throw new Error(`unsound output: ${fault}`)
}

function commandText(command: Command): string {
  const bytes = 'bytes' in command ? Buffer.from(command.bytes).toString('hex') : ''
  return `${command.kind} ${'characteristic' in command ? command.characteristic : ''} ${bytes}`.trim()
}

function kindFaults(output: Exclude<DriverOutput, Command>): readonly string[] {
  switch (output.kind) {
    case 'observation': {
      const { numerics, deviceTime } = output
      const isTimeless =
        deviceTime !== undefined && !(deviceTime.epochMs >= EARLIEST_MS && deviceTime.epochMs <= LATEST_MS)
      return [...numerics.flatMap(numericFaults), ...(isTimeless ? ['a device time that is no time'] : [])]
    }
    case 'waveform':
      return waveFaults(output)
    case 'alert':
      return ALERT_CODE.test(output.code) ? [] : [`alert code ${JSON.stringify(output.code)}`]
    case 'text':
      return textFaults(output.name, output.value)
    case 'discarded':
    case 'characteristic':
      return []
    default:
      return output satisfies never
  }
}

function partFaults({ part }: FromPart): readonly string[] {
  return part === undefined || TOPIC_LEVEL.test(part) ? [] : [`part ${JSON.stringify(part)}`]
}

/** Whether a patient can have the value is for the gateway to judge: a device may well send one that none can have. */
function numericFaults({ metric, value, quality }: Numeric): readonly string[] {
  const name = `${metric.ref} ${value} ${quality}`
  if (value === null) return quality === 'valid' ? [`${name}: nothing cannot be valid`] : []
  if (!Number.isFinite(value)) return [`${name}: no number`]
  return quality === 'absent' ? [`${name}: a value cannot be absent`] : []
}

function waveFaults({ channel, rateHz, samples, scale }: Waveform): readonly string[] {
  return [
    ...(TOPIC_LEVEL.test(channel) ? [] : [`wave channel ${JSON.stringify(channel)}`]),
    // 0 in a decoder: a bare record that does not say its rate. What leaves a driver has one.
    ...(rateHz >= 0 && Number.isFinite(rateHz) ? [] : [`wave rate ${rateHz}`]),
    ...(samples.every((sample) => sample === null || Number.isInteger(sample))
      ? []
      : ['a sample that is no whole number']),
    ...(scale === undefined || (Number.isFinite(scale.resolution) && Number.isFinite(scale.offset))
      ? []
      : ['a scale that is no number']),
  ]
}

function textFaults(name: string, value: unknown): readonly string[] {
  if (name === '' || name.length > 128) return [`text name ${JSON.stringify(name)}`]
  return typeof value === 'number' && !Number.isFinite(value) ? [`text ${name}: ${value} is no number`] : []
}
