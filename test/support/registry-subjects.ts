/** Everything of the registry that reads bytes on a line, with its vectors in test/vectors. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CAPTURE_FORMATS, PROTOCOLS } from '../../devices/registry.ts'
import { formatSubject, isLine, protocolSubject, type Subject } from './conformance/subject.ts'

export const VECTOR_ROOT = fileURLToPath(new URL('../vectors/', import.meta.url))

export const SUBJECTS: readonly Subject[] = [
  ...PROTOCOLS.filter(isLine).map((protocol) => protocolSubject(protocol, join(VECTOR_ROOT, protocol.id))),
  ...CAPTURE_FORMATS.map((format) => formatSubject(format, join(VECTOR_ROOT, format.id))),
]
