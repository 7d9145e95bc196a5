/** The product's broker with the rules of the lab, in this process, and raw clients of it over real mutual TLS. */

import { once } from 'node:events'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { startBroker, type Broker, type BrokerOptions } from '../../gateway/broker/aedes-broker.ts'
import { silentLog } from '../../gateway/log.ts'
import { EventRecord, portOf } from './broker-bench.ts'
import { labBroker } from './lab-rules.ts'
import {
  connect,
  decode,
  PINGREQ,
  subscribe,
  type ConnectOptions,
  type Qos,
  type ServerPacket,
} from './mqtt-packets.ts'
import { tempDir } from './temp-dir.ts'
import { createTestAuthority, type TestAuthority } from './tls-identities.ts'

export type Publish = Extract<ServerPacket, { type: 'publish' }>

let authority: TestAuthority | undefined
let material: { readonly server: BrokerOptions['material']; readonly client: object } | undefined

/** Made once for a test file: keys take longer than everything else here. */
function materialOf() {
  authority ??= createTestAuthority()
  if (material === undefined) {
    const { ca } = authority
    const server = authority.issue('server', { dns: ['localhost'], ips: ['127.0.0.1'] })
    material = { server: { ...server, ca }, client: { ...authority.issue('client'), ca } }
  }
  return material
}

export class Lab {
  readonly events = new EventRecord()
  readonly #state = tempDir()
  readonly #options: Partial<BrokerOptions>
  readonly #clients = new Set<Wire>()
  #broker: Broker | undefined
  #clientCount = 0

  constructor(options: Partial<BrokerOptions> = {}) {
    this.#options = options
  }

  get broker(): Broker {
    if (this.#broker === undefined) throw new Error('the lab broker is not running')
    return this.#broker
  }

  async start(): Promise<void> {
    const lab = labBroker({ stateDir: this.#state.path, log: silentLog, events: this.events })
    this.#broker = await startBroker({
      ...lab,
      ...this.#options,
      limits: { ...lab.limits, ...this.#options.limits },
      listen: [{ host: '127.0.0.1', port: 0 }],
      material: materialOf().server,
    })
  }

  /** Ends the broker and starts another one on what it left on disk. */
  async restart(): Promise<void> {
    this.dropClients()
    await this.broker.stop()
    await this.start()
  }

  /** A TLS connection on which nothing has been said yet. */
  async open(): Promise<Wire> {
    const socket = connectTls({
      host: '127.0.0.1',
      port: portOf(this.broker),
      servername: 'localhost',
      ...materialOf().client,
    })
    socket.setNoDelay(true)
    const wire = new Wire(socket)
    this.#clients.add(wire)
    void wire.gone.then(() => this.#clients.delete(wire))
    await once(socket, 'secureConnect')
    return wire
  }

  /** A client whose CONNECT was accepted. */
  async client(options: ConnectOptions = {}): Promise<Wire> {
    const wire = await this.open()
    wire.send(connect({ ...options, id: options.id ?? this.id() }))
    const connack = await wire.next()
    if (connack.type !== 'connack' || connack.code !== 0)
      throw new Error(`the CONNECT was answered with ${JSON.stringify(connack)}`)
    wire.sessionPresent = connack.sessionPresent
    return wire
  }

  async subscriber(filter: string, qos: Qos = 2, options: ConnectOptions = {}): Promise<Wire> {
    const wire = await this.client(options)
    await wire.subscribe([filter, qos])
    return wire
  }

  /** A name that nobody else has. */
  id(): string {
    this.#clientCount += 1
    return `client-${this.#clientCount}`
  }

  /** Everything published so far has been handed to the connections of its subscribers. */
  async settled(): Promise<void> {
    await this.broker.publish({ topic: 'lab/settled', payload: Buffer.alloc(0), qos: 1, retain: false })
  }

  dropClients(): void {
    for (const wire of this.#clients) wire.drop()
    this.#clients.clear()
  }

  async remove(): Promise<void> {
    this.dropClients()
    await this.#broker?.stop()
    this.#state.remove()
  }
}

/** One raw connection: bytes out, packets in. */
export class Wire {
  readonly socket: TLSSocket
  /** Resolves when the connection has ended, read out or not. */
  readonly gone: Promise<void>
  sessionPresent = false
  readonly #inbox: ServerPacket[] = []
  #bytes = Buffer.alloc(0)
  #isOver = false
  #wake: () => void = () => undefined

  constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('error', () => undefined)
    this.gone = new Promise((resolve) => {
      socket.once('close', () => resolve())
    })
    for (const event of ['end', 'close'])
      socket.once(event, () => {
        this.#isOver = true
        this.#wake()
      })
  }

  send(...packets: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(packets))
  }

  /** The next packet; 'closed' when the other end has ended the connection instead. */
  async next(): Promise<ServerPacket | { readonly type: 'closed' }> {
    for (;;) {
      const packet = this.#inbox.shift()
      if (packet !== undefined) return packet
      if (this.#isOver) return { type: 'closed' }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The next packet, which must be a PUBLISH. */
  async message(): Promise<Publish> {
    const packet = await this.next()
    if (packet.type !== 'publish') throw new Error(`not a PUBLISH: ${JSON.stringify(packet)}`)
    return packet
  }

  /** So many messages; what else comes in between is left out. */
  async messages(count: number): Promise<readonly Publish[]> {
    const found: Publish[] = []
    while (found.length < count) {
      const packet = await this.next()
      if (packet.type === 'publish') found.push(packet)
      if (packet.type === 'closed') throw new Error(`closed after ${found.length} of ${count} messages`)
    }
    return found
  }

  /** Everything that came before the answers to two pings: what goes out a turn later than the first is in it too. */
  async ping(): Promise<readonly ServerPacket[]> {
    return [...(await this.#pingOnce()), ...(await this.#pingOnce())]
  }

  async subscribe(...filters: readonly (readonly [string, number])[]): Promise<readonly number[]> {
    this.send(subscribe(1000, ...filters))
    const suback = await this.next()
    if (suback.type !== 'suback') throw new Error(`not a SUBACK: ${JSON.stringify(suback)}`)
    return suback.granted
  }

  /** Resolves with what still came when the other end has closed the connection. */
  async closed(): Promise<readonly ServerPacket[]> {
    const before: ServerPacket[] = []
    for (;;) {
      const packet = await this.next()
      if (packet.type === 'closed') return before
      before.push(packet)
    }
  }

  /** Ends without a word, as a client that has lost its power; resolves when the socket is gone. */
  drop(): void {
    this.socket.destroy()
  }

  async #pingOnce(): Promise<readonly ServerPacket[]> {
    this.send(PINGREQ)
    const before: ServerPacket[] = []
    for (;;) {
      const packet = await this.next()
      if (packet.type === 'pingresp') return before
      if (packet.type === 'closed') throw new Error('closed instead of a PINGRESP')
      before.push(packet)
    }
  }

  #receive(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    for (let found = decode(this.#bytes); found !== undefined; found = decode(this.#bytes)) {
      this.#inbox.push(found.packet)
      this.#bytes = Buffer.from(found.rest)
    }
    this.#wake()
  }
}
