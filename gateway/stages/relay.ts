/** What one device measured, as the messages to send: stamp, check, spell the topic. */

import type { IngestAlert } from '../contract/alert.ts'
import type { IngestSet, IngestState } from '../contract/reading.ts'
import { ingestTopic, type IngestKind } from '../contract/topics.ts'
import type { IngestWaveform } from '../contract/waveform.ts'
import type { OutboundMessage } from '../ports.ts'
import { PresentAlerts } from './present-alerts.ts'
import type { Measured } from './run-driver.ts'
import { createWaveStamper, type WaveRefusal } from './stamp-waveform.ts'
import { createStamper, type Origin } from './stamp.ts'

/** A message for the outbox of a device. */
export interface Relayed {
  readonly device: string
  readonly kind: IngestKind
  readonly message: OutboundMessage
  /** Takes the place of an earlier one with this key that has not left yet. */
  readonly replaces?: string
}

export interface RelayOptions extends Origin {
  /** The bedside's own look at a set before it is sent. */
  readonly check: (set: IngestSet) => IngestSet
  readonly onRefused: (reason: WaveRefusal | 'alert-limit') => void
}

export interface Relay {
  take(output: Measured, receivedAtMs: number): readonly Relayed[]
  lineLost(): void
  /** Present alerts that are due to be told again. */
  refresh(nowMs: number): readonly Relayed[]
}

/** Keep it for the whole run: it numbers what it sends, and knows which alerts are present. */
export function createRelay(options: RelayOptions): Relay {
  const { check, onRefused } = options
  const stampSet = createStamper(options)
  const waves = createWaveStamper(options)
  const alerts = new PresentAlerts(options)
  return {
    take(output, receivedAtMs) {
      switch (output.kind) {
        case 'observation':
          // An observation without a single numeric says nothing.
          return output.numerics.length === 0
            ? []
            : [relayed('numeric', check(stampSet(output, receivedAtMs)))]
        case 'waveform': {
          const block = waves.stamp(output, receivedAtMs)
          if (typeof block === 'object') return [relayed('waveform', block)]
          onRefused(block)
          return []
        }
        case 'alert': {
          const reports = alerts.take(output, receivedAtMs)
          if (typeof reports === 'object') return reports.map(relayedAlert)
          onRefused(reports)
          return []
        }
        case 'text':
        case 'characteristic':
        case 'discarded':
          return []
        default:
          return output satisfies never
      }
    },
    lineLost() {
      alerts.lose()
      waves.lineLost()
    },
    refresh: (nowMs) => alerts.refresh(nowMs).map(relayedAlert),
  }
}

export function relayedState(state: IngestState): Relayed {
  return relayed('state', state)
}

function relayedAlert(alert: IngestAlert): Relayed {
  const message = relayed('alert', alert)
  return alert.refresh === true ? { ...message, replaces: alert.code } : message
}

// A block of samples is of no use when it is late, so it is sent once; everything else until it is acknowledged.
function relayed(kind: IngestKind, content: IngestSet | IngestState | IngestWaveform | IngestAlert): Relayed {
  return {
    device: content.device,
    kind,
    message: {
      topic: ingestTopic(content.device, kind),
      payload: Buffer.from(JSON.stringify(content)),
      qos: kind === 'waveform' ? 0 : 1,
      retain: false,
    },
  }
}
