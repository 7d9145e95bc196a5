import { describe, expect, it } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { describeVectors } from '../../support/conformance/vector-tests.ts'
import { SUBJECTS, VECTOR_ROOT } from '../../support/registry-subjects.ts'

// Values of GATT and ATT are not bytes on a line: their vectors are lists with tests of their own.
const VALUE_FOLDERS: ReadonlySet<string> = new Set(['att', 'gatt'])

describe('the vectors', () => {
  it('exist for every protocol and capture format of the registry, and for nothing else', () => {
    const folders = readdirSync(VECTOR_ROOT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => !VALUE_FOLDERS.has(name))
    expect(folders.sort()).toEqual(SUBJECTS.map(({ id }) => id).sort())
  })
})

for (const subject of SUBJECTS) describeVectors(subject)
