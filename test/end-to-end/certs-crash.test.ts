/** A command that dies anywhere, kill -9, leaves a store that opens, pairs that fit and chains that verify, and can be repeated. */

import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import { initStore, openStore, type CertificateStore } from '../../certs/store.ts'
import { opensslVerify, run, suiteFor } from '../support/other-verifiers.ts'
import { tempDir } from '../support/temp-dir.ts'

const nowMs = Date.now()
const bin = fileURLToPath(new URL('../../dist/cli/wardgate.js', import.meta.url))
const recorder = fileURLToPath(new URL('../support/crash-states.mjs', import.meta.url))
const FEWEST_STATES = 8

const temp = tempDir()
const stateDir = join(temp.path, 'state')
const offlineDir = join(temp.path, 'offline')
const medium = join(temp.path, 'medium')

beforeAll(() => {
  const shared = { site: 'wardgate', serverNames: ['localhost'], nowMs }
  for (const store of [
    initStore({ ...shared, stateDir }),
    initStore({ ...shared, stateDir: offlineDir, offlineRootDir: medium }),
  ])
    store.issue({ role: 'device', id: 'mon-1', nowMs })
})
afterAll(() => temp.remove())

interface Case {
  readonly name: string
  readonly words: readonly string[]
  readonly isOffline?: boolean
  /** The same again, on what the crash has left. */
  readonly again: (store: CertificateStore, medium: string) => unknown
}

const cases: readonly Case[] = [
  {
    name: 'renewing the server',
    words: ['renew', 'server'],
    again: (store) => store.renew('server', 'server', nowMs),
  },
  {
    name: 'renewing a device whose key is here',
    words: ['renew', 'device', 'mon-1'],
    again: (store) => store.renew('device', 'mon-1', nowMs),
  },
  {
    name: 'a new issuing CA',
    words: ['renew', 'issuing-ca'],
    again: (store) => store.renewAuthority('issuing-ca', nowMs),
  },
  {
    name: 'a new root',
    words: ['renew', 'root-ca'],
    again: (store) => store.renewAuthority('root-ca', nowMs),
  },
  {
    name: 'a new issuing CA under an offline root',
    words: ['renew', 'issuing-ca'],
    isOffline: true,
    again: (store, dir) => store.renewAuthority('issuing-ca', nowMs, dir),
  },
  {
    name: 'a new offline root',
    words: ['renew', 'root-ca'],
    isOffline: true,
    again: (store, dir) => store.renewAuthority('root-ca', nowMs, dir),
  },
  {
    name: 'new lists',
    words: ['renew', 'crl'],
    again: (store) => store.refreshCrl(nowMs),
  },
]

suiteFor('openssl')('a crash', () => {
  describe.each(cases)('during $name', ({ words, isOffline = false, again }) => {
    it('at any moment cuts nobody off, and the command can be repeated', () => {
      const { states, dir } = record(words, isOffline)
      expect(states.length).toBeGreaterThan(FEWEST_STATES)
      for (const state of states) {
        const where = `crash state ${state}`
        expect([where, refusals(state)]).toEqual([where, []])
        const store = openStore(state)
        again(store, dir)
        expect([where, refusals(state)]).toEqual([where, []])
        expect([where, strayKeys(state)]).toEqual([where, []])
        expect([where, store.isCrlDue(nowMs)]).toEqual([where, false])
      }
    }, 120_000)
  })

  it('between the index and the list of a revocation is noticed, and the list is written', () => {
    const { states } = record(['revoke', 'mon-1', '--reason', 'key-compromise'], false)
    const outcomes = states.map((state) => {
      const store = openStore(state)
      const isMarked = store.revokedFingerprints().size > 0
      const isListed = !opensslVerify(state, devicePath(state), { purpose: 'sslclient' }).ok
      const isDue = store.isCrlDue(nowMs)
      return `${isMarked ? 'marked' : 'unmarked'} ${isListed ? 'listed' : 'unlisted'} ${isDue ? 'due' : 'quiet'}`
    })
    expect(new Set(outcomes)).toEqual(
      new Set(['unmarked unlisted quiet', 'marked unlisted due', 'marked listed quiet']),
    )
  }, 120_000)
})

/** Runs the command on a copy and answers every state it went through. */
function record(words: readonly string[], isOffline: boolean) {
  const work = join(temp.path, `${words.join('-')}-${isOffline}`)
  const state = join(work, 'state')
  const dir = join(work, 'medium')
  const copies = join(work, 'copies')
  mkdirSync(copies, { recursive: true })
  cpSync(isOffline ? offlineDir : stateDir, state, { recursive: true })
  if (isOffline) cpSync(medium, dir, { recursive: true })
  const options = ['--state', state, ...(isOffline ? ['--offline-root', dir] : [])]
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', recorder, bin, 'certs', ...words, ...options],
    { encoding: 'utf8', env: { ...process.env, STATE: state, COPIES: copies } },
  )
  expect([status, stderr]).toEqual([0, ''])
  // Many calls change nothing: each state counts once.
  const distinct = new Map(
    readdirSync(copies).map((name) => [contentOf(join(copies, name)), join(copies, name)]),
  )
  return { dir, states: [...distinct.values()] }
}

function contentOf(directory: string): string {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => statSync(join(directory, name)).isFile())
  return files.map((name) => `${name}\n${readFileSync(join(directory, name), 'utf8')}`).join('\n')
}

/** What an outsider would refuse: a pair that does not fit, or a chain or list that does not verify. */
function refusals(state: string): readonly string[] {
  const store = openStore(state)
  const { key, cert } = store.serverMaterial()
  const device = store.clientMaterial('device', 'mon-1')
  const trusted = ['-CAfile', join(state, 'certs/ca.pem'), '-CRLfile', join(state, 'certs/crl.pem')]
  const leaves = [join(state, 'certs/server/server.pem'), devicePath(state)]
  const verdict = run('openssl', ['verify', '-x509_strict', '-crl_check_all', ...trusted, ...leaves])
  const misfits = [{ key, cert }, device].flatMap((pair) =>
    new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))
      ? []
      : ['a pair that does not fit'],
  )
  return [...misfits, ...(verdict.ok ? [] : [verdict.output])]
}

/** Keys in the directory of the authorities that belong to no certificate there. */
function strayKeys(state: string): readonly string[] {
  const names = readdirSync(join(state, 'certs/ca'))
  return names.filter((name) => name.endsWith('.key') && !names.includes(name.replace(/key$/, 'pem')))
}

function devicePath(state: string): string {
  return join(state, 'certs/device/mon-1.pem')
}
