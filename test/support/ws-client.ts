/** MQTT over WebSocket, byte by byte: a raw client, and the few packets the tests of it need. */

import { WebSocket, type ClientOptions } from 'ws'
import { webPort, type Serving } from './web-bench.ts'

export class WsClient {
  readonly ws: WebSocket
  received = Buffer.alloc(0)
  /** The code that the connection was closed with; 1006 when it was cut. */
  readonly closed: Promise<number>
  readonly opened: Promise<void>
  #wake: (() => void) | undefined

  constructor(server: Serving, options: ClientOptions, protocols: readonly string[] = ['mqtt']) {
    this.ws = new WebSocket(`wss://localhost:${webPort(server)}/mqtt`, [...protocols], {
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
      ...options,
    })
    this.ws.on('error', () => undefined)
    this.ws.on('message', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes])
      this.#wake?.()
    })
    this.opened = new Promise((resolve, reject) => {
      this.ws.once('open', resolve)
      this.ws.once('error', reject)
    })
    this.opened.catch(() => undefined)
    this.closed = new Promise((resolve) => {
      this.ws.once('close', (code) => {
        resolve(code)
        this.#wake?.()
      })
    })
  }

  /** Resolves when at least that many bytes have come, or the connection has ended. */
  async receive(byteCount: number): Promise<Buffer> {
    while (this.received.length < byteCount && this.ws.readyState !== this.ws.CLOSED)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    return this.received
  }
}

/** The status that an upgrade is answered with, 101 when it is granted. */
export async function upgradeStatus(server: Serving, options: ClientOptions, protocols?: string[]) {
  const { ws, closed } = new WsClient(server, options, protocols)
  const status = await new Promise<number>((resolve) => {
    ws.once('upgrade', () => resolve(101))
    ws.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
      ws.terminate()
    })
  })
  ws.terminate()
  await closed
  return status
}

/** MQTT 3.1.1 with a clean session and a keep alive of a minute. */
export function connectPacket(clientId: string): Buffer {
  return packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 2, 0, 60]), text(clientId)]))
}

export function subscribePacket(filter: string, qos: number): Buffer {
  return packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([qos])]))
}

export function publishPacket(topic: string, messageId: number, payload: string): Buffer {
  return packet(0x32, Buffer.concat([text(topic), Buffer.from([0, messageId]), Buffer.from(payload)]))
}

export const CONNACK = '20020000'
export const CONNACK_IDENTIFIER_REJECTED = '20020002'

export function puback(messageId: number): string {
  return Buffer.from([0x40, 2, 0, messageId]).toString('hex')
}

function packet(header: number, body: Buffer): Buffer {
  if (body.length > 127) throw new Error('this packet needs a length of more than one byte')
  return Buffer.concat([Buffer.from([header, body.length]), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([0, bytes.length]), bytes])
}
