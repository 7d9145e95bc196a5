/**
 * The unit that is written to disk in one go: a header that can be checked without the key, and records sealed with
 * AES-256-GCM. The header is authenticated with them, so a block moved, repeated or cut is not taken for a whole one.
 *
 *   0 'WGJ1'  4 CRC-32 of bytes 8 to 63  8 body length  12 record count  16 first sequence number
 *   24 written at (ms since 1970)  32 key id  36 nonce (12)  48 tag (16)  64 body
 *
 * Numbers are big-endian. The body is the records one after the other, each behind its length in four bytes.
 */

import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'
import { crc32 } from 'node:zlib'

export const HEADER_BYTES = 64
/** A record is at most a packet of the broker with its topic; a block closes when it holds this much. */
export const LARGEST_BODY_BYTES = 4 * 1024 * 1024

const MAGIC = Buffer.from('WGJ1', 'latin1')
const CHECKED_FROM = 8
const AUTHENTICATED_TO = 48
const LENGTH_BYTES = 4

export interface JournalKey {
  readonly id: number
  readonly key: KeyObject
}

export interface BlockHeader {
  readonly bodyBytes: number
  readonly recordCount: number
  readonly firstSeq: number
  readonly writtenAtMs: number
  readonly keyId: number
}

export interface BlockContent {
  readonly firstSeq: number
  readonly writtenAtMs: number
  readonly records: readonly Uint8Array[]
}

interface OpenedRecord {
  readonly seq: number
  readonly bytes: Buffer
}

export type OpenedBlock =
  | { readonly kind: 'records'; readonly records: readonly OpenedRecord[] }
  | { readonly kind: 'damaged'; readonly reason: 'unknown-key' | 'not-authentic' | 'malformed-records' }

export function sealBlock({ firstSeq, writtenAtMs, records }: BlockContent, { id, key }: JournalKey): Buffer {
  const body = joinRecords(records)
  const block = Buffer.alloc(HEADER_BYTES + body.length)
  MAGIC.copy(block, 0)
  block.writeUInt32BE(body.length, 8)
  block.writeUInt32BE(records.length, 12)
  block.writeBigUInt64BE(BigInt(firstSeq), 16)
  block.writeBigUInt64BE(BigInt(Math.max(0, Math.trunc(writtenAtMs))), 24)
  block.writeUInt32BE(id, 32)
  // Random, not counted: a block whose write failed is written again with other records under the same number.
  const nonce = randomBytes(12)
  nonce.copy(block, 36)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(block.subarray(CHECKED_FROM, AUTHENTICATED_TO))
  cipher.update(body).copy(block, HEADER_BYTES)
  cipher.final()
  cipher.getAuthTag().copy(block, AUTHENTICATED_TO)
  block.writeUInt32BE(crc32(block.subarray(CHECKED_FROM, HEADER_BYTES)), 4)
  return block
}

/** The header at `offset`, or undefined when there is none that is whole. */
export function readHeader(bytes: Buffer, offset = 0): BlockHeader | undefined {
  const header = bytes.subarray(offset, offset + HEADER_BYTES)
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  if (header.readUInt32BE(4) !== crc32(header.subarray(CHECKED_FROM))) return undefined
  const firstSeq = Number(header.readBigUInt64BE(16))
  const writtenAtMs = Number(header.readBigUInt64BE(24))
  const bodyBytes = header.readUInt32BE(8)
  const recordCount = header.readUInt32BE(12)
  const isSane =
    Number.isSafeInteger(firstSeq) &&
    Number.isSafeInteger(writtenAtMs) &&
    bodyBytes <= LARGEST_BODY_BYTES &&
    recordCount > 0 &&
    recordCount * LENGTH_BYTES <= bodyBytes
  return isSane
    ? { bodyBytes, recordCount, firstSeq, writtenAtMs, keyId: header.readUInt32BE(32) }
    : undefined
}

export interface OpenOptions {
  readonly key: KeyObject | undefined
  /** Records that are not wanted are passed over. */
  readonly isWanted: (seq: number) => boolean
}

/** The wanted records of a whole block; never throws on what a disk can hold. */
export function openBlock(block: Buffer, header: BlockHeader, { key, isWanted }: OpenOptions): OpenedBlock {
  if (key === undefined) return { kind: 'damaged', reason: 'unknown-key' }
  const decipher = createDecipheriv('aes-256-gcm', key, block.subarray(36, AUTHENTICATED_TO))
  decipher.setAAD(block.subarray(CHECKED_FROM, AUTHENTICATED_TO))
  decipher.setAuthTag(block.subarray(AUTHENTICATED_TO, HEADER_BYTES))
  const body = decipher.update(block.subarray(HEADER_BYTES, HEADER_BYTES + header.bodyBytes))
  try {
    decipher.final()
  } catch {
    return { kind: 'damaged', reason: 'not-authentic' }
  }
  const records = wantedRecords(body, header, isWanted)
  return records === undefined
    ? { kind: 'damaged', reason: 'malformed-records' }
    : { kind: 'records', records }
}

/** Where the next header may begin, at or after `offset`; -1 when there is none. */
export function findHeader(bytes: Buffer, offset: number): number {
  for (let at = bytes.indexOf(MAGIC, offset); at !== -1; at = bytes.indexOf(MAGIC, at + 1))
    if (readHeader(bytes, at) !== undefined) return at
  return -1
}

/** The room a record takes in a body. */
export function sizeInBody(record: Uint8Array): number {
  return LENGTH_BYTES + record.length
}

function joinRecords(records: readonly Uint8Array[]): Buffer {
  const body = Buffer.alloc(records.reduce((sum, record) => sum + sizeInBody(record), 0))
  let offset = 0
  for (const record of records) {
    offset = body.writeUInt32BE(record.length, offset)
    body.set(record, offset)
    offset += record.length
  }
  return body
}

/** Undefined when the lengths do not add up to the body. */
function wantedRecords(
  body: Buffer,
  { firstSeq, recordCount }: BlockHeader,
  isWanted: (seq: number) => boolean,
): readonly OpenedRecord[] | undefined {
  const records: OpenedRecord[] = []
  let offset = 0
  for (let index = 0; index < recordCount; index += 1) {
    if (offset + LENGTH_BYTES > body.length) return undefined
    const start = offset + LENGTH_BYTES
    offset = start + body.readUInt32BE(offset)
    if (offset > body.length) return undefined
    const seq = firstSeq + index
    if (isWanted(seq)) records.push({ seq, bytes: body.subarray(start, offset) })
  }
  return offset === body.length ? records : undefined
}
