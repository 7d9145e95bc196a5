/** A device that is spoken to, on its line: what it hears and when it wants to be woken becomes what it says. */

import type { Clock } from '../gateway/clock.ts'
import type { TalkingKind } from './device-kinds.ts'
import type { DeviceLine } from './device-line.ts'
import { createFaultyLine } from './line-faults.ts'
import { beginShow, serialNumber, type DevicePlan, type SimulatedDevice } from './simulated-device.ts'
import type { Talker } from './talker.ts'

export function startTalkingDevice(kind: TalkingKind, line: DeviceLine, plan: DevicePlan): SimulatedDevice {
  const { clock, faults, seed } = plan
  const talker = kind.createTalker({ seed, serial: serialNumber(seed) })
  const damage = createFaultyLine(faults, seed)
  const say = (messages: readonly Uint8Array[]): void => {
    for (const message of messages) {
      const bytes = damage(message)
      if (bytes.length > 0) line.send(bytes)
    }
  }
  const conversation = converse(talker, clock, say)
  line.listen({
    connected: () => conversation.take(() => talker.connected?.(clock.nowMs()) ?? []),
    heard: (bytes) => conversation.take(() => talker.hear(bytes, clock.nowMs())),
  })
  const show = beginShow(plan, kind, line.readerArrived, (due) =>
    conversation.take(() => talker.show(due, clock.nowMs())),
  )
  return {
    address: line.address,
    finished: show.finished,
    async stop() {
      show.stop()
      conversation.stop()
      await line.close()
    },
  }
}

interface Conversation {
  /** Says what the talker answers, and plans its next wake. */
  take(step: () => readonly Uint8Array[]): void
  stop(): void
}

// A talker that wants to be woken in the past must not turn into a busy loop.
const SHORTEST_WAKE_MS = 5

function converse(
  talker: Talker,
  clock: Clock,
  say: (messages: readonly Uint8Array[]) => void,
): Conversation {
  let cancelWake = (): void => undefined
  let isOver = false

  const take = (step: () => readonly Uint8Array[]): void => {
    if (isOver) return
    say(step())
    cancelWake()
    if (talker.wakeAtMs === undefined || talker.tick === undefined) return
    const delayMs = Math.max(SHORTEST_WAKE_MS, talker.wakeAtMs - clock.nowMs())
    cancelWake = clock.after(delayMs, () => take(() => talker.tick?.(clock.nowMs()) ?? []))
  }

  return {
    take,
    stop: () => {
      isOver = true
      cancelWake()
    },
  }
}
