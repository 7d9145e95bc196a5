/** The cable of a simulated device that is no radio: what it looks like from the device's end. */

/** Where a gateway finds the device, or the device the gateway. */
export type LineAddress =
  | { readonly kind: 'serial'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  /** The device calls this port of the gateway. */
  | { readonly kind: 'call'; readonly host: string; readonly port: number }

/** What a device that is spoken to wants to know of its line. */
export interface LineListener {
  /** Somebody has opened the line anew. */
  connected(): void
  /** Bytes from the gateway; over UDP one datagram. */
  heard(bytes: Uint8Array): void
}

export interface DeviceLine {
  readonly address: LineAddress
  /** Resolves when somebody listens for the first time. */
  readonly readerArrived: Promise<void>
  /** One listener; without one, what a gateway sends is read and dropped. */
  listen(listener: LineListener): void
  /** Over UDP one datagram. Lost when nobody takes it: a line does not wait. */
  send(bytes: Uint8Array): void
  close(): Promise<void>
}

/** Loopback only: these bytes are a patient's in the clear. */
export const LOOPBACK = '127.0.0.1'

// What may wait for a slow reader before bytes are lost.
export const WAITING_LIMIT_BYTES = 64 * 1024

export const DEAF: LineListener = { connected: () => undefined, heard: () => undefined }

/** A promise that a line keeps when its first reader comes. */
export function firstReader(): { readonly arrived: Promise<void>; readonly arrive: () => void } {
  let arrive = (): void => undefined
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  return { arrived, arrive: () => arrive() }
}
