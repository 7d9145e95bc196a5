/** What is wrong with a configuration, where, and what to write instead. */

export interface Place {
  /** `file:line:column`, or what else the value came from. */
  readonly where: string
  readonly line?: number
  readonly column?: number
}

export interface Fault extends Place {
  /** Begins with the key, as in `broker.listen[0].port: ...`. */
  readonly message: string
}

export type KeyPath = readonly (string | number)[]

/** A fault and the key that has it, before its place in the file is known. */
export interface Finding {
  readonly path: KeyPath
  readonly text: string
}

export function finding(path: KeyPath, text: string): Finding {
  return { path, text }
}

/** `['broker', 'listen', 0]` as an engineer writes it: `broker.listen[0]`. */
function showPath(path: KeyPath): string {
  return path
    .map((step, depth) => {
      if (typeof step === 'number') return `[${step}]`
      return depth === 0 ? step : `.${step}`
    })
    .join('')
}

/** A message about a key; about the file as a whole when the path is empty. */
export function about(path: KeyPath, text: string): string {
  return path.length === 0 ? text : `${showPath(path)}: ${text}`
}
