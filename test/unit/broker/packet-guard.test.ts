/** What stands between a connection and MQTT, without either. */

import { Duplex } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { PacketGuard } from '../../../gateway/broker/packet-guard.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const CONNECT = Buffer.from('100d00044d5154540402003c000161', 'hex')
const PUBLISH = Buffer.from('30050003612f6278', 'hex').subarray(0, 7)
const CONNACK = Buffer.from('20020000', 'hex')

/** A connection whose far end is this test. */
class FarEnd extends Duplex {
  readonly written: Buffer[] = []

  override _read(): void {
    // What the test says is pushed by the test.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk)
    done()
  }
}

function guarded() {
  const far = new FarEnd()
  const guard = new PacketGuard(far, {
    packetBytes: 1024,
    earlyBytes: 20,
    clock: new FakeClock(),
    onFault: () => undefined,
    onPubacks: () => false,
  })
  const heard: string[] = []
  guard.on('data', (bytes: Buffer) => heard.push(bytes.toString('hex')))
  return { far, guard, heard }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
}

describe('what a client sends behind its CONNECT', () => {
  it.each([
    { name: 'in one piece', pieces: [Buffer.concat([CONNECT, PUBLISH, PUBLISH])] },
    { name: 'in pieces', pieces: [CONNECT, PUBLISH, PUBLISH] },
    {
      name: 'in pieces that end anywhere',
      pieces: [
        CONNECT.subarray(0, 3),
        Buffer.concat([CONNECT.subarray(3), PUBLISH.subarray(0, 2)]),
        PUBLISH.subarray(2),
        PUBLISH,
      ],
    },
  ])('$name waits until that is answered', async ({ pieces }) => {
    const { far, guard, heard } = guarded()
    for (const piece of pieces) far.push(piece)
    await settled()
    expect(heard.join('')).toBe(CONNECT.toString('hex'))
    guard.write(CONNACK)
    guard.open()
    await settled()
    expect(far.written).toEqual([CONNACK])
    expect(heard.join('')).toBe(Buffer.concat([CONNECT, PUBLISH, PUBLISH]).toString('hex'))
    far.push(PUBLISH)
    await settled()
    expect(heard.join('')).toBe(Buffer.concat([CONNECT, PUBLISH, PUBLISH, PUBLISH]).toString('hex'))
  })

  it('is not taken without end: the client has to wait', async () => {
    const { far } = guarded()
    far.push(CONNECT)
    for (let count = 0; count < 3; count += 1) far.push(PUBLISH)
    await settled()
    expect(far.isPaused()).toBe(true)
    far.push(Buffer.alloc(100_000, PUBLISH))
    await settled()
    expect(far.readableLength).toBe(100_000)
  })

  it('is not begun when the broker has stopped listening', async () => {
    const { far, guard, heard } = guarded()
    far.push(Buffer.concat([CONNECT, PUBLISH]))
    await settled()
    guard.halt()
    guard.write(CONNACK)
    guard.open()
    await settled()
    expect(heard.join('')).toBe(CONNECT.toString('hex'))
  })
})
