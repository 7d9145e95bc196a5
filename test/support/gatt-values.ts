/** Real values of characteristics, from the vectors of GATT. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Message } from './conformance/mutate.ts'
import { VECTOR_ROOT } from './registry-subjects.ts'

export function gattValues(): readonly Required<Message>[] {
  const folder = join(VECTOR_ROOT, 'gatt')
  return readdirSync(folder).flatMap((file) => {
    const { vectors } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
      vectors: readonly unknown[]
    }
    return vectors.flatMap(valueOf)
  })
}

function valueOf(vector: unknown): readonly Required<Message>[] {
  if (typeof vector !== 'object' || vector === null || !('uuid' in vector) || !('hex' in vector)) return []
  const { uuid, hex } = vector
  if (typeof uuid !== 'string' || typeof hex !== 'string') return []
  return [{ characteristic: uuid, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) }]
}
