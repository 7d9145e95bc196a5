/** The place in the air directory where one peripheral listens. */

import { once } from 'node:events'
import { mkdir, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { airSocketName, fitsSocketPath, LONGEST_SOCKET_PATH_BYTES } from '../../devices/framing/air.ts'

export class RadioError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'RadioError'
  }
}

export async function listenOnAir(
  airDir: string,
  address: string,
  onSocket: (socket: Socket) => void,
): Promise<Server> {
  const socketPath = socketPathOf(airDir, address)
  await preparePrivateDirectory(airDir)
  try {
    return await listen(socketPath, onSocket)
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw new RadioError(`cannot listen on ${socketPath}`, error)
  }
  if (await isAnswered(socketPath))
    throw new RadioError(`a peripheral with the address ${address} is already on the air in ${airDir}`)
  // Left behind by a simulator that was killed.
  await rm(socketPath, { force: true })
  return listen(socketPath, onSocket)
}

function socketPathOf(airDir: string, address: string): string {
  const name = airSocketName(address)
  if (name === undefined)
    throw new RadioError(`'${address}' is not a Bluetooth address: write it like C0:FF:EE:00:00:01`)
  if (!fitsSocketPath(airDir))
    throw new RadioError(
      `the path of a socket in ${airDir} would exceed the ${LONGEST_SOCKET_PATH_BYTES} bytes the system allows; ` +
        'choose a shorter directory',
    )
  return join(airDir, name)
}

/** Whoever can open the socket can be the gateway: only the owner may. */
async function preparePrivateDirectory(airDir: string): Promise<void> {
  await mkdir(airDir, { recursive: true, mode: 0o700 })
  const { mode } = await stat(airDir)
  if ((mode & 0o077) !== 0)
    throw new RadioError(
      `${airDir} is open to other users: run \`chmod 700 ${airDir}\` or choose another one`,
    )
}

async function listen(socketPath: string, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onSocket)
  server.listen(socketPath)
  await once(server, 'listening')
  return server
}

async function isAnswered(socketPath: string): Promise<boolean> {
  const probe = connect({ path: socketPath })
  try {
    await once(probe, 'connect')
    return true
  } catch {
    return false
  } finally {
    probe.destroy()
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
