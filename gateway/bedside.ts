/** The bedside part: one pipeline for each device, one outbox, one session to the broker. */

import { startDelivery } from './outbox/deliver.ts'
import { createMemoryOutbox } from './outbox/memory-outbox.ts'
import { pipeline, type BedsideDevice, type PipelineParts } from './pipeline.ts'
import type { MessageLink } from './ports.ts'
import { lineState } from './stages/line-state.ts'
import { devicesOf } from './stages/parts-of-line.ts'
import { relayedState } from './stages/relay.ts'

export interface BedsideOptions extends Omit<PipelineParts, 'outbox'> {
  readonly devices: readonly BedsideDevice[]
  /** Belongs to the bedside part from here on; closed when it stops. */
  readonly messageLink: MessageLink
  /** Messages kept for each device while the broker is away. */
  readonly outboxLimit?: number
  /** How long a stop waits for what is not yet acknowledged. */
  readonly drainMs?: number
}

export interface Bedside {
  stop(): Promise<void>
}

// A quarter of an hour of a device that reports every second: about 0.5 MB.
const OUTBOX_LIMIT = 900
const DRAIN_MS = 2_000

export function startBedside(options: BedsideOptions): Bedside {
  const { devices, messageLink, clock, log } = options
  const { outboxLimit = OUTBOX_LIMIT, drainMs = DRAIN_MS } = options
  const outbox = createMemoryOutbox({ ...options, limitPerDevice: outboxLimit })
  const delivery = startDelivery({ outbox, messageLink, clock, log })
  const running = devices.map((device) => pipeline(device, { ...options, outbox }).subscribe())
  let stopping: Promise<void> | undefined

  const stop = async (): Promise<void> => {
    for (const subscription of running) subscription.unsubscribe()
    for (const id of devices.flatMap(devicesOf))
      outbox.put(relayedState(lineState(id, 'down', 'bedside-stopped', clock.nowMs())))
    const lostCount = await delivery.drain(drainMs)
    delivery.stop()
    if (lostCount > 0) log.warn('outbox-not-drained', { messages: lostCount })
    await messageLink.close()
  }

  return {
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}
