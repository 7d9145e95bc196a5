/** YAML text with the place of every key and value in it. */

import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import { errorMessage } from '../errors.ts'
import type { Fault, KeyPath, Place } from './fault.ts'

export interface YamlFile {
  /** What the text says; undefined when it cannot be read. */
  readonly value: unknown
  readonly faults: readonly Fault[]
  /** Where the value stands, or the nearest thing around it. */
  whereIs(path: KeyPath): Place
  /** Where the key itself stands. */
  whereIsKey(path: KeyPath): Place
}

export function readYaml(text: string, file: string): YamlFile {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, {
    lineCounter,
    uniqueKeys: true,
    prettyErrors: false,
    // Every complaint becomes a fault; none is printed by the library.
    logLevel: 'error',
  })
  const where = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset)
    return { where: `${file}:${line}:${col}`, line, column: col }
  }
  const problems = [...document.errors, ...document.warnings]
  const faults = problems.map(({ pos, message }): Fault => ({
    ...where(pos[0]),
    message: firstLine(message),
  }))
  const whereIs = (path: KeyPath): Place => where(offsetOf(document, path))
  const whereIsKey = (path: KeyPath): Place => where(keyOffsetOf(document, path) ?? offsetOf(document, path))
  if (faults.length > 0) return { value: undefined, faults, whereIs, whereIsKey }
  try {
    return { value: document.toJS(), faults, whereIs, whereIsKey }
  } catch (error) {
    // An alias without an anchor, or aliases that would unfold without end.
    return {
      value: undefined,
      faults: [{ ...where(0), message: errorMessage(error) }],
      whereIs,
      whereIsKey,
    }
  }
}

function offsetOf(document: Document, path: KeyPath): number {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range !== undefined && node.range !== null) return node.range[0]
    const keyOffset = depth === 0 ? undefined : keyOffsetOf(document, path.slice(0, depth))
    if (keyOffset !== undefined) return keyOffset
  }
  return 0
}

function keyOffsetOf(document: Document, path: KeyPath): number | undefined {
  const key = path.at(-1)
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return undefined
  const pair = parent.items.find(({ key: node }) => isScalar(node) && String(node.value) === String(key))
  return pair !== undefined && isScalar(pair.key) ? pair.key.range?.[0] : undefined
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message
}
