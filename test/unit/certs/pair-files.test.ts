import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createRoot } from '../../../certs/authority.ts'
import { CertificateError } from '../../../certs/errors.ts'
import {
  finishReplacement,
  nextKeyPath,
  readPair,
  replacePair,
  replacementSteps,
  type PairPaths,
  type PairTexts,
} from '../../../certs/pair-files.ts'
import { tempDir } from '../../support/temp-dir.ts'

const temp = tempDir()
const first = newPair()
const second = newPair()
const third = newPair()
let directory: string
let paths: PairPaths

let count = 0
beforeEach(() => {
  directory = join(temp.path, String((count += 1)))
  mkdirSync(directory, { mode: 0o700 })
  paths = { key: join(directory, 'box-1.key'), certificate: join(directory, 'box-1.pem') }
  for (const step of replacementSteps(paths, first, nothing)) step()
})
afterAll(() => temp.remove())

describe('a pair on disk', () => {
  it('is read with the whole text of its certificate file', () => {
    const { key, certificate, text } = readPair(paths)
    expect(certificate.checkPrivateKey(key)).toBe(true)
    expect(text).toBe(first.certificatePem)
  })

  it('is replaced by another, which leaves nothing else behind', () => {
    replacePair(paths, second)
    expect(readPair(paths).text).toBe(second.certificatePem)
    expect(readFileSync(paths.key, 'utf8')).toBe(second.keyPem)
    expect(readdirSync(directory).sort()).toEqual(['box-1.key', 'box-1.pem'])
  })

  it('is refused when the key belongs to another certificate', () => {
    writeFileSync(paths.key, second.keyPem)
    expect(() => readPair(paths)).toThrow(CertificateError)
    expect(() => readPair(paths)).toThrow(
      `${paths.key} does not belong to the certificate ${paths.certificate}`,
    )
  })

  it('is refused when its key is missing', () => {
    rmSync(paths.key)
    expect(() => readPair(paths)).toThrow(`the private key ${paths.key} is missing`)
  })

  it('is not replaced by a key and a certificate that do not belong together', () => {
    expect(() => replacePair(paths, { ...second, keyPem: third.keyPem })).toThrow('does not belong')
    expect(readPair(paths).text).toBe(first.certificatePem)
  })

  it('stays as it was when what has to happen before the change fails', () => {
    const fail = (): void => {
      throw new CertificateError('the disk is full')
    }
    expect(() => replacePair(paths, second, fail)).toThrow('the disk is full')
    expect(readPair(paths).text).toBe(first.certificatePem)
  })
})

const stepCount = 5
describe.each(Array.from({ length: stepCount + 1 }, (_, done) => done))(
  'a writer that dies after step %i of its replacement',
  (done) => {
    beforeEach(() => {
      const steps = replacementSteps(paths, second, nothing)
      expect(steps).toHaveLength(stepCount)
      for (const step of steps.slice(0, done)) step()
    })
    const expected = done < 4 ? first : second

    it('leaves a pair that fits', () => {
      const { key, certificate, text } = readPair(paths)
      expect(certificate.checkPrivateKey(key)).toBe(true)
      expect(text).toBe(expected.certificatePem)
    })

    it('is survived by the next writer', () => {
      replacePair(paths, third)
      expect(readPair(paths).text).toBe(third.certificatePem)
      expect(readdirSync(directory).sort()).toEqual(['box-1.key', 'box-1.pem'])
    })

    it('is cleared away', () => {
      finishReplacement(paths)
      expect(existsSync(nextKeyPath(paths))).toBe(false)
      expect(readFileSync(paths.key, 'utf8')).toBe(expected.keyPem)
      expect(readPair(paths).text).toBe(expected.certificatePem)
    })

    it('is survived by the next writer that dies as well, wherever', () => {
      for (let again = 0; again <= stepCount; again += 1) {
        const copy = join(directory, `copy-${again}`)
        mkdirSync(copy)
        for (const name of readdirSync(directory).filter((each) => each.startsWith('box-1')))
          copyFileSync(join(directory, name), join(copy, name))
        const copied = { key: join(copy, 'box-1.key'), certificate: join(copy, 'box-1.pem') }
        for (const step of replacementSteps(copied, third, nothing).slice(0, again)) step()
        const { text } = readPair(copied)
        expect(text).toBe(again < 4 ? expected.certificatePem : third.certificatePem)
      }
    })
  },
)

describe('the next key beside a pair', () => {
  it.each(['', 'half a key', first.keyPem.slice(0, 60)])('that is damaged harms nobody: %j', (text) => {
    writeFileSync(nextKeyPath(paths), text, { mode: 0o600 })
    expect(readPair(paths).text).toBe(first.certificatePem)
    finishReplacement(paths)
    expect(existsSync(nextKeyPath(paths))).toBe(false)
  })

  it('is refused when others can read it, though it would fit', () => {
    writeFileSync(nextKeyPath(paths), second.keyPem, { mode: 0o644 })
    writeFileSync(paths.certificate, second.certificatePem)
    expect(() => readPair(paths)).toThrow('chmod 600')
  })
})

function newPair(): PairTexts {
  const { privateKey, certificatePem } = createRoot({ site: 'wardgate', nowMs: Date.UTC(2026, 8, 20) })
  return { keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificatePem }
}

function nothing(): void {}
