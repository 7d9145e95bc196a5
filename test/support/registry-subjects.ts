/** Everything of the registry that reads bytes on a line, with its vectors in test/vectors. */

import { fileURLToPath } from 'node:url'
import { CAPTURE_FORMATS, PROTOCOLS } from '../../devices/registry.ts'
import { formatSubject, isLine, protocolSubject, type Subject } from './conformance/subject.ts'

export const VECTOR_ROOT = fileURLToPath(new URL('../vectors/', import.meta.url))

export const SUBJECTS: readonly Subject[] = [
  ...PROTOCOLS.filter(isLine).map((protocol) => protocolSubject(protocol, VECTOR_ROOT)),
  ...CAPTURE_FORMATS.map((format) => formatSubject(format, VECTOR_ROOT)),
]

export function subjectOf(id: string): Subject {
  const subject = SUBJECTS.find((candidate) => candidate.id === id)
  if (subject === undefined) throw new Error(`${id} is not in the registry`)
  return subject
}
