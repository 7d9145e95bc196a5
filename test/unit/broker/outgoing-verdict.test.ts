import { describe, expect, it } from '@jest/globals'
import { judgeOutgoing } from '../../../gateway/broker/outgoing-verdict.ts'

const bounds = { outgoingBytes: 1_000, drainMs: 5_000 }

describe('a subscriber', () => {
  it.each([
    { name: 'that keeps up is sent everything', waitingBytes: 0, stalledMs: 0, qos0: 'send', qos1: 'send' },
    {
      name: 'that is behind gets no QoS 0, so that QoS 1 has room',
      waitingBytes: 251,
      stalledMs: 10,
      qos0: 'leave-out',
      qos1: 'send',
    },
    {
      name: 'that is full to the brim and reads is still sent to',
      waitingBytes: 1_000,
      stalledMs: 5_000,
      qos0: 'leave-out',
      qos1: 'send',
    },
    {
      name: 'for whom too much waits is parted with, though it reads',
      waitingBytes: 1_001,
      stalledMs: 0,
      qos0: 'too-much',
      qos1: 'too-much',
    },
    {
      name: 'that takes nothing for too long is parted with, however little waits',
      waitingBytes: 1,
      stalledMs: 5_001,
      qos0: 'too-long',
      qos1: 'too-long',
    },
  ])('$name', ({ waitingBytes, stalledMs, qos0, qos1 }) => {
    expect(judgeOutgoing({ waitingBytes, stalledMs }, bounds, 0)).toBe(qos0)
    expect(judgeOutgoing({ waitingBytes, stalledMs }, bounds, 1)).toBe(qos1)
  })
})
