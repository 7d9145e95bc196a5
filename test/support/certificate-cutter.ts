/** A proxy that shortens the certificate a TLS 1.2 client sends: no TLS library would send such a one by itself. */

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

// RFC 5246 6.2.1, 7.4 and 7.4.2
const HANDSHAKE_RECORD = 22
const CERTIFICATE_MESSAGE = 11
const RECORD_HEADER = 5
const MESSAGE_HEADER = 4
const LENGTH_BYTES = 3

export interface CertificateCutter {
  readonly port: number
  close(): void
}

/** `cutBytes` are taken off the end of the first certificate; every length around it is put right. */
export async function startCertificateCutter(toPort: number, cutBytes: number): Promise<CertificateCutter> {
  const server: Server = createServer((client) => {
    const gateway = connect(toPort, '127.0.0.1')
    gateway.pipe(client)
    relay(client, gateway, cutBytes)
    for (const socket of [client, gateway]) socket.on('error', () => undefined)
    client.once('close', () => gateway.destroy())
    gateway.once('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => server.close(),
  }
}

function relay(client: Socket, gateway: Socket, cutBytes: number): void {
  let pending = Buffer.alloc(0)
  client.on('data', (bytes: Buffer) => {
    pending = Buffer.concat([pending, bytes])
    while (pending.length >= RECORD_HEADER) {
      const end = RECORD_HEADER + pending.readUInt16BE(3)
      if (pending.length < end) return
      const record = pending.subarray(0, end)
      pending = pending.subarray(end)
      const isCertificate = record[0] === HANDSHAKE_RECORD && record[RECORD_HEADER] === CERTIFICATE_MESSAGE
      gateway.write(isCertificate ? shortened(record, cutBytes) : record)
    }
  })
}

function shortened(record: Buffer, cutBytes: number): Buffer {
  const listAt = RECORD_HEADER + MESSAGE_HEADER
  const firstAt = listAt + LENGTH_BYTES
  const firstEnd = firstAt + LENGTH_BYTES + record.readUIntBE(firstAt, LENGTH_BYTES)
  const made = Buffer.concat([record.subarray(0, firstEnd - cutBytes), record.subarray(firstEnd)])
  made.writeUInt16BE(record.readUInt16BE(3) - cutBytes, 3)
  for (const at of [RECORD_HEADER + 1, listAt, firstAt])
    made.writeUIntBE(record.readUIntBE(at, LENGTH_BYTES) - cutBytes, at, LENGTH_BYTES)
  return made
}
