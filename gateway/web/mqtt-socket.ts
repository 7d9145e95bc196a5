/** MQTT over WebSocket as a stream: binary frames in and out, with the pace of the slower side. */

import { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { errorCode } from '../errors.ts'

// RFC 6455 7.4.1
const NORMAL_CLOSURE = 1000
const UNSUPPORTED_DATA = 1003

export class MqttSocket extends Duplex {
  readonly #ws: WebSocket

  /** `onFault` is told why a client that broke a rule of WebSocket is parted with. */
  constructor(ws: WebSocket, onFault: (reason: string) => void) {
    super({ allowHalfOpen: false })
    this.#ws = ws
    let isOver = false
    /** Nothing more is taken; whoever reads sees the end, and the end closes the connection. */
    const finish = (): void => {
      if (isOver) return
      isOver = true
      this.push(null)
    }
    ws.on('message', (data, isBinary) => {
      if (isOver) return
      // [MQTT-6.0.0-1]: anything but a binary frame ends the connection.
      if (!isBinary || !Buffer.isBuffer(data)) {
        onFault('text-frame')
        ws.close(UNSUPPORTED_DATA)
        finish()
      } else if (!this.push(data)) ws.pause()
    })
    // ws has sent the close code that fits, if there is one.
    ws.on('error', (error) => {
      onFault(errorCode(error) ?? 'websocket-fault')
      finish()
    })
    ws.on('close', finish)
  }

  override _read(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.resume()
  }

  /** `done` waits until the frame has left for the network: that is what makes a frozen client visible above. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#ws.send(chunk, { binary: true }, done)
  }

  /** Ends when the other side has answered the closing frame; whoever ends it sees to it that this does not last. */
  override _final(done: () => void): void {
    if (this.#ws.readyState === this.#ws.CLOSED) {
      done()
      return
    }
    this.#ws.once('close', () => done())
    this.#ws.close(NORMAL_CLOSURE)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#ws.terminate()
    done(error)
  }
}
