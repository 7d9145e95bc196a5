/** Nonin packets byte by byte, for tests: everything that a test does not name is a plain good packet. */

export interface PacketSpec {
  readonly heartRate?: number
  readonly spo2?: number
  /** STATUS of a frame, by frame number from 1; SYNC is added in frame 1. */
  readonly status?: (frame: number) => number
  /** The byte of a slot that is not among the others, by frame number from 1. */
  readonly slot?: (frame: number) => number
}

export function df2Packet(spec: PacketSpec = {}): Uint8Array {
  return packet(spec, (status, frame, float) => [0x01, status, 0x40 + frame, float])
}

export function df7Packet(spec: PacketSpec = {}): Uint8Array {
  return packet(spec, (status, frame, float) => [status, 0x75, frame, float])
}

function packet(
  { heartRate = 72, spo2 = 97, status = () => 0x80, slot = () => 0 }: PacketSpec,
  frameOf: (status: number, frame: number, float: number) => readonly number[],
): Uint8Array {
  const numbers = new Map([
    [1, heartRate >> 7],
    [2, heartRate & 0x7f],
    [3, spo2],
  ])
  const frames = Array.from({ length: 25 }, (_, index) => {
    const frame = index + 1
    const body = frameOf(status(frame) | (frame === 1 ? 1 : 0), frame, numbers.get(frame) ?? slot(frame))
    return [...body, body.reduce((sum, byte) => sum + byte) & 0xff]
  })
  return Uint8Array.from(frames.flat())
}
