/** A whole ward gateway on loopback, with the store that another process would change, and clients from any address. */

import { readFileSync, writeFileSync } from 'node:fs'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { layoutOfState } from '../../certs/store-layout.ts'
import { openStore, type CertificateStore } from '../../certs/store.ts'
import { systemClock, type Clock } from '../../gateway/clock.ts'
import { silentLog } from '../../gateway/log.ts'
import type { ClientRole, InventoryEntry } from '../../gateway/ports.ts'
import { createCounters } from '../../gateway/telemetry/counters.ts'
import { startWardGateway, type WardGateway } from '../../gateway/ward-gateway.ts'
import { EventRecord, portOf, RawClient } from './broker-bench.ts'
import { tempDir } from './temp-dir.ts'
import { believed } from './fake-time.ts'
import { makeWardFiles } from './ward.ts'

class AttachableRecord extends EventRecord {
  attach(): void {
    // The events of this ward are read from the record.
  }
}

export interface ConnectOptions {
  /** '127.0.0.2' and so on are other machines to the gateway. */
  readonly localAddress?: string
  /** A session that an earlier handshake has left. */
  readonly session?: Buffer
  readonly keepAliveS?: number
  readonly clientId?: string
  /** Another certificate than the stored one. */
  readonly credentials?: { readonly key: string; readonly cert: string }
}

export interface LiveWardOptions {
  readonly clock?: Clock
  /** What happens to the state before the gateway starts. */
  readonly prepare?: (stateDir: string, store: CertificateStore) => void
  /** The gateway's own store, with another behaviour. */
  readonly gatewayStore?: (store: CertificateStore) => CertificateStore
}

export interface LiveWard {
  readonly stateDir: string
  /** Opened apart from the gateway's own, as another process would. */
  readonly store: CertificateStore
  readonly events: EventRecord
  readonly gateway: WardGateway
  client(role: ClientRole, id: string, options?: IClientOptions & ConnectOptions): Promise<MqttClient>
  /** A TLS handshake and a CONNECT without a library. */
  raw(role: ClientRole, id: string, options?: ConnectOptions): RawClient
  /** The bytes of the CONNACK, or 'closed' when the connection ended without one. */
  attempt(role: ClientRole, id: string, options?: ConnectOptions): Promise<string>
  /** Damages the index of the store; the answer puts it right again. */
  breakIndex(): () => void
  /** Ends all clients of a test, and waits until the gateway has noticed. */
  disconnectAll(): Promise<void>
  stop(): Promise<void>
}

export async function startLiveWard(
  entries: readonly InventoryEntry[],
  options: LiveWardOptions = {},
): Promise<LiveWard> {
  const dir = tempDir()
  const { stateDir, store } = makeWardFiles(dir.path, entries)
  options.prepare?.(stateDir, store)
  const events = new AttachableRecord()
  const gateway = await startWardGateway({
    gateway: 'gw-1',
    software: 'wardgate@test',
    state: stateDir,
    broker: { listen: [{ host: '127.0.0.1', port: 0, tls: '1.3' }] },
    store: options.gatewayStore?.(openStore(stateDir)) ?? openStore(stateDir),
    clock: options.clock ?? systemClock,
    time: believed(options.clock ?? systemClock),
    log: silentLog,
    events,
    counters: createCounters(),
  })
  const clients: MqttClient[] = []
  const raws: RawClient[] = []
  const credentials = (role: ClientRole, id: string) => {
    const { key, cert, ca } = store.clientMaterial(role, id)
    return { key, cert, ca }
  }
  const raw: LiveWard['raw'] = (
    role,
    id,
    { localAddress, session, keepAliveS = 60, clientId = id, ...rest } = {},
  ) => {
    const client = new RawClient(portOf(gateway.broker), {
      ...credentials(role, id),
      ...rest.credentials,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(session === undefined ? {} : { session }),
    })
    client.socket.once('secureConnect', () => client.socket.write(connectPacket(clientId, keepAliveS)))
    raws.push(client)
    return client
  }
  const disconnectAll = async (): Promise<void> => {
    for (const client of clients.splice(0)) client.end(true)
    for (const client of raws.splice(0)) client.socket.destroy()
    while (gateway.broker.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    stateDir,
    store: openStore(stateDir),
    events,
    gateway,
    async client(role, id, { credentials: own, ...more } = {}) {
      const client = await connectAsync(`mqtts://127.0.0.1:${portOf(gateway.broker)}`, {
        ...credentials(role, id),
        ...own,
        clientId: id,
        reconnectPeriod: 0,
        protocolVersion: 4,
        ...more,
      })
      client.on('error', () => undefined)
      clients.push(client)
      return client
    },
    raw,
    async attempt(role, id, attemptOptions) {
      const received = await raw(role, id, attemptOptions).receive(4)
      return received.length === 0 ? 'closed' : received.subarray(0, 4).toString('hex')
    },
    breakIndex() {
      const { index } = layoutOfState(stateDir)
      const text = readFileSync(index, 'utf8')
      writeFileSync(index, text.slice(0, -20))
      return () => writeFileSync(index, text)
    },
    disconnectAll,
    async stop() {
      await disconnectAll()
      await gateway.stop()
      dir.remove()
    },
  }
}

export const CONNACK_ACCEPTED = '20020000'
export const CONNACK_IDENTIFIER_REJECTED = '20020002'
export const CONNACK_UNAVAILABLE = '20020003'

/** MQTT 3.1.1, 3.1: a clean session without will, user name and password. */
export function connectPacket(clientId: string, keepAliveS: number): Buffer {
  const variable = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, keepAliveS >> 8, keepAliveS & 0xff])
  const payload = Buffer.concat([Buffer.from([0, clientId.length]), Buffer.from(clientId)])
  return Buffer.concat([Buffer.from([0x10, variable.length + payload.length]), variable, payload])
}

/** MQTT 3.1.1, 3.12. */
export const PINGREQ = Buffer.from([0xc0, 0])
