import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import {
  createFile,
  makeDirectory,
  moveDirectory,
  replaceFile,
  stageFile,
} from '../../../certs/durable-file.ts'
import { CertificateError } from '../../../certs/errors.ts'
import { tempDir } from '../../support/temp-dir.ts'

const temp = tempDir()
afterAll(() => temp.remove())

describe('a file written durably', () => {
  it('is for its owner alone and leaves no temporary file', () => {
    const directory = fresh('own')
    createFile(join(directory, 'a.key'), 'secret')
    replaceFile(join(directory, 'b.pem'), 'public')
    expect(readdirSync(directory).sort()).toEqual(['a.key', 'b.pem'])
    for (const name of ['a.key', 'b.pem']) expect(modeOf(join(directory, name))).toBe(0o600)
  })

  it('is never overwritten by a creation', () => {
    const directory = fresh('keep')
    const path = join(directory, 'a.key')
    createFile(path, 'first')
    expect(() => createFile(path, 'second')).toThrow(CertificateError)
    expect(() => createFile(path, 'second')).toThrow(`cannot write ${path}: it exists already`)
    expect(readFileSync(path, 'utf8')).toBe('first')
    expect(readdirSync(directory)).toEqual(['a.key'])
  })

  it('is replaced whole, with the right mode whatever the mode was', () => {
    const path = join(fresh('replace'), 'crl.pem')
    writeFileSync(path, 'a long first text', { mode: 0o644 })
    replaceFile(path, 'short')
    expect(readFileSync(path, 'utf8')).toBe('short')
    expect(modeOf(path)).toBe(0o600)
  })

  it('has no name before it is placed and leaves nothing when it is discarded', () => {
    const directory = fresh('staged')
    const staged = stageFile(join(directory, 'a.pem'), 'text')
    expect(readdirSync(directory)).not.toContain('a.pem')
    staged.discard()
    expect(readdirSync(directory)).toEqual([])
  })

  it('says what is wrong when the place is not there or not a directory', () => {
    const directory = fresh('wrong')
    writeFileSync(join(directory, 'file'), '')
    expect(() => createFile(join(directory, 'missing/a'), '')).toThrow('the system says ENOENT')
    expect(() => createFile(join(directory, 'file/a'), '')).toThrow('a part of the path is a file')
    expect(() => replaceFile(directory, '')).toThrow(CertificateError)
    expect(() => makeDirectory(join(directory, 'file'))).toThrow('is a file, not a directory')
  })
})

describe('a directory', () => {
  it('is made with its parents for this user alone', () => {
    const path = join(temp.path, 'x/y/z')
    makeDirectory(path)
    makeDirectory(path)
    for (const part of ['x', 'x/y', 'x/y/z']) expect(modeOf(join(temp.path, part))).toBe(0o700)
  })

  it('is moved into place, but not over one that holds something', () => {
    const from = fresh('from')
    const to = fresh('to')
    writeFileSync(join(to, 'precious'), '')
    expect(() => moveDirectory(from, to)).toThrow('it exists already')
    expect(readdirSync(to)).toEqual(['precious'])
    moveDirectory(from, join(temp.path, 'elsewhere'))
    expect(modeOf(join(temp.path, 'elsewhere'))).toBe(0o700)
  })
})

function fresh(name: string): string {
  const path = join(temp.path, name)
  mkdirSync(path, { mode: 0o700 })
  return path
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}
