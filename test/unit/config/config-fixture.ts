/** A directory with configuration files, removed after the test. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ConfigDirectory {
  readonly path: string
  /** Writes a file and answers its path. */
  write(name: string, text: string): string
  remove(): void
}

export function makeConfigDirectory(): ConfigDirectory {
  const path = mkdtempSync(join(tmpdir(), 'wardgate-config-'))
  return {
    path,
    write(name, text) {
      const file = join(path, name)
      writeFileSync(file, text)
      return file
    },
    remove: () => rmSync(path, { recursive: true }),
  }
}
