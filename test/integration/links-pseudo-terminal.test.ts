import { lstatSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { firstValueFrom } from 'rxjs'
import { SerialPort } from 'serialport'
import { openPseudoTerminal, type PseudoTerminal } from '../../simulators/pseudo-terminal.ts'

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, value) => value)

let directory: string
const lines: PseudoTerminal[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wardgate-pty-'))
})

afterEach(async () => {
  await Promise.all(lines.splice(0).map((line) => line.close()))
  rmSync(directory, { recursive: true })
})

async function openLine(linkPath?: string): Promise<PseudoTerminal> {
  const line = await openPseudoTerminal(linkPath === undefined ? {} : { linkPath })
  lines.push(line)
  return line
}

async function openPort(path: string): Promise<SerialPort> {
  const port = new SerialPort({ path, baudRate: 9600, autoOpen: false })
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error === null ? resolve() : reject(error)))
  })
  return port
}

function closePort(port: SerialPort): Promise<void> {
  return new Promise((resolve) => {
    port.close(() => resolve())
  })
}

function readBytes(port: SerialPort, count: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    port.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length >= count) resolve(all)
    })
  })
}

describe('a pseudo-terminal', () => {
  it('passes every byte from the device to a serial port unchanged', async () => {
    const line = await openLine()
    const port = await openPort(line.path)
    const received = readBytes(port, 256)

    expect(await line.write(EVERY_BYTE)).toBe(true)

    expect([...(await received)]).toEqual([...EVERY_BYTE])
    await closePort(port)
  })

  it('passes every byte from a serial port to the device unchanged', async () => {
    const line = await openLine()
    const port = await openPort(line.path)
    const received = firstValueFrom(line.data$)

    port.write(Buffer.from(EVERY_BYTE))

    expect([...(await received)]).toEqual([...EVERY_BYTE])
    await closePort(port)
  })

  it('loses bytes instead of waiting for a reader that never comes', async () => {
    const line = await openLine()
    const writes = Array.from({ length: 64 }, () => line.write(new Uint8Array(1024)))

    expect(await writes.at(0)).toBe(true)
    expect(await writes.at(-1)).toBe(false)
  })

  it('gives a reader that opens the port after an outage nothing of what was sent before', async () => {
    const line = await openLine()
    await Promise.all(Array.from({ length: 64 }, () => line.write(new Uint8Array(1024).fill(0xaa))))
    const port = await openPort(line.path)
    const received = readBytes(port, 256)

    await line.write(EVERY_BYTE)

    expect([...(await received)]).toEqual([...EVERY_BYTE])
    await closePort(port)
  })

  it('carries a long block whole to a reader that is there', async () => {
    const line = await openLine()
    const port = await openPort(line.path)
    const block = Uint8Array.from({ length: 60_000 }, (_, index) => index % 251)
    const received = readBytes(port, block.length)

    expect(await line.write(block)).toBe(true)

    expect(Buffer.compare(await received, block)).toBe(0)
    await closePort(port)
  })

  it('is found under its symbolic link, and the link goes with it', async () => {
    const linkPath = join(directory, 'bed-1')
    const line = await openLine(linkPath)

    expect(readlinkSync(linkPath)).toBe(line.slavePath)
    await line.close()
    expect(() => lstatSync(linkPath)).toThrow('ENOENT')
  })

  it('replaces a symbolic link left by an earlier run, and leaves a link that was replaced since', async () => {
    const linkPath = join(directory, 'bed-1')
    const earlier = await openLine(linkPath)
    const later = await openLine(linkPath)

    await earlier.close()

    expect(readlinkSync(linkPath)).toBe(later.slavePath)
  })

  it('refuses to replace a file that is not a symbolic link', async () => {
    const linkPath = join(directory, 'notes.txt')
    writeFileSync(linkPath, 'keep me')

    await expect(openPseudoTerminal({ linkPath })).rejects.toThrow('is not a symbolic link')
  })

  it('answers a write after it was closed with a loss, and can be closed twice', async () => {
    const line = await openLine()
    await line.close()
    await line.close()

    expect(await line.write(EVERY_BYTE)).toBe(false)
  })
})
