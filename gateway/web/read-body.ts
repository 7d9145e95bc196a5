/** Reads the body of a request, never more than its route takes. */

import type { IncomingMessage } from 'node:http'

export type BodyReading =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | { readonly kind: 'too-large' }
  /** The client left, or ran into a deadline, before the end. */
  | { readonly kind: 'unfinished' }

/** True when the request itself says that its body is longer; nothing of it need be read then. */
export function announcesMore(request: IncomingMessage, limitBytes: number): boolean {
  const length = request.headers['content-length']
  return length !== undefined && Number(length) > limitBytes
}

export async function readBody(request: IncomingMessage, limitBytes: number): Promise<BodyReading> {
  if (announcesMore(request, limitBytes)) return { kind: 'too-large' }
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let bytes = 0
    request.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= limitBytes) {
        pieces.push(piece)
        return
      }
      request.pause()
      resolve({ kind: 'too-large' })
    })
    request.once('end', () => resolve({ kind: 'whole', body: Buffer.concat(pieces) }))
    request.once('close', () => resolve({ kind: 'unfinished' }))
    request.once('error', () => resolve({ kind: 'unfinished' }))
  })
}
