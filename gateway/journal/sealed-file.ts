/** A file of sealed blocks that is replaced as a whole: a crash leaves the old one or the new one. */

import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from '../errors.ts'
import { sealBlock, sizeInBody, type JournalKey } from './block.ts'
import { scanSegment } from './scan-segment.ts'
import { storageError, syncDirectory } from './segment-files.ts'

const PIECE_BYTES = 512 * 1024

export async function writeSealedFile(
  path: string,
  records: readonly Uint8Array[],
  { writtenAtMs, key }: { readonly writtenAtMs: number; readonly key: JournalKey },
): Promise<void> {
  const fresh = `${path}.new`
  await rm(fresh, { force: true })
  const file = await open(fresh, 'wx', 0o600)
  try {
    for (const { firstSeq, piece } of piecesOf(records))
      await file.write(sealBlock({ firstSeq, writtenAtMs, records: piece }, key))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(fresh, path)
  syncDirectory(dirname(path))
}

/** All records in order; 'damaged' when one is missing. */
export function readSealedFile(
  path: string,
  findKey: (id: number) => KeyObject | undefined,
): readonly Buffer[] | 'damaged' | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw storageError(`cannot read ${path}`, path, error)
  }
  const records: Buffer[] = []
  let isDamaged = false
  scanSegment(bytes, {
    findKey,
    isRangeWanted: () => true,
    isWanted: () => true,
    onRecord: ({ seq, bytes: record }) => {
      // Numbered from one: a block that is missing in the middle shows.
      if (seq !== records.length + 1) isDamaged = true
      records.push(record)
    },
    onDamage: () => {
      isDamaged = true
    },
  })
  return isDamaged ? 'damaged' : records
}

function* piecesOf(
  records: readonly Uint8Array[],
): Generator<{ readonly firstSeq: number; readonly piece: readonly Uint8Array[] }> {
  let piece: Uint8Array[] = []
  let pieceBytes = 0
  let firstSeq = 1
  for (const record of records) {
    if (piece.length > 0 && pieceBytes + sizeInBody(record) > PIECE_BYTES) {
      yield { firstSeq, piece }
      firstSeq += piece.length
      piece = []
      pieceBytes = 0
    }
    piece.push(record)
    pieceBytes += sizeInBody(record)
  }
  if (piece.length > 0) yield { firstSeq, piece }
}
