/**
 * testssl.sh, a scanner nobody here wrote, against every listener of a running gateway: MQTT, MQTT for old devices, and
 * HTTPS. Where a client certificate is mandatory the scanner has none to show, and all that it judges is what it sees
 * up to that point: versions, ciphers, curves, order, the certificate and its chain, and the flaws of handshakes.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { initStore } from '../../certs/store.ts'
import { systemClock } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config/load-config.ts'
import { writeInventory } from '../../gateway/inventory/inventory-file.ts'
import { silentLog } from '../../gateway/log.ts'
import { startGateway, type RunningGateway } from '../../gateway/main.ts'
import { suiteFor } from '../support/other-verifiers.ts'
import { tempDir } from '../support/temp-dir.ts'

const SCANNER = 'testssl'
const withScanner = suiteFor(SCANNER)
// Alone a scan takes half a minute. On a machine that is busy the scanner misses connections and has to be run again.
const ONE_SCAN_MS = 3 * 60_000
const MOST_SCANS = 3
const SCAN_MS = MOST_SCANS * ONE_SCAN_MS + 30_000

interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}
type Report = readonly Finding[]

// Of the scanner itself: it was built without a cipher of GOST. And: it knows no MQTT, so it asks nothing in HTTP.
const OF_THE_SCANNER = new Set(['engine_problem', 'service'])
// What it cannot look at without a client certificate; other tests do (test/integration/tls-facts.test.ts).
const NEEDS_A_CERTIFICATE =
  /^(client x509-based|check couldn't be performed because of client) authentication/
const MISSED = /connect problem/
const FEWEST_FINDINGS = 50
const HARMLESS = new Set(['OK', 'INFO', 'LOW'])
const AEAD_WITH_ECDHE = /^(TLS_AES|TLS_CHACHA20|ECDHE-ECDSA-AES\d+-GCM|ECDHE-ECDSA-CHACHA20)/

withScanner('testssl.sh', () => {
  const state = tempDir()
  let gateway: RunningGateway
  // All at once: the scanner waits more than it works.
  const reports = new Map<string, Promise<Report>>()

  beforeAll(async () => {
    const nowMs = systemClock.nowMs()
    initStore({ stateDir: state.path, site: 'ward.test', serverNames: ['localhost', '127.0.0.1'], nowMs })
    writeInventory(state.path, [])
    const file = join(state.path, 'wardgate.yaml')
    writeFileSync(file, CONFIG)
    const config = loadConfig(file, { environment: {} })
    gateway = await startGateway(config, { software: 'test', clock: systemClock, log: silentLog })
    const [mqtt, old] = gateway.addresses
    const listeners = { mqtt, old, https: gateway.webAddresses[0] }
    for (const [name, address] of Object.entries(listeners))
      reports.set(name, scan(state.path, name, address?.port ?? 0))
  })
  afterAll(async () => {
    await Promise.allSettled(reports.values())
    await gateway.stop()
    state.remove()
  })

  it.each(['mqtt', 'old', 'https'])(
    'finds nothing above LOW on the listener for %s',
    async (name) => {
      const report = (await reports.get(name)) ?? []
      expect(report.length).toBeGreaterThan(FEWEST_FINDINGS)
      const bad = report.filter(({ severity }) => !HARMLESS.has(severity))
      const isExcused = ({ id, finding }: Finding): boolean =>
        OF_THE_SCANNER.has(id) || (name !== 'https' && NEEDS_A_CERTIFICATE.test(finding))
      expect(bad.filter((finding) => !isExcused(finding))).toEqual([])
    },
    SCAN_MS,
  )

  it.each(['mqtt', 'https'])(
    'sees TLS 1.3 alone on the listener for %s',
    async (name) => {
      const offered = ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1', 'TLS1_2', 'TLS1_3'].map((version) =>
        find(reports.get(name), version),
      )
      expect(await Promise.all(offered)).toEqual([
        ...Array.from({ length: 5 }, () => 'not offered'),
        'offered with final',
      ])
    },
    SCAN_MS,
  )

  it(
    'sees TLS 1.2 only where it was asked for, with ECDHE and authenticated encryption alone',
    async () => {
      const report = reports.get('old')
      expect(await find(report, 'TLS1_1')).toBe('not offered')
      expect(await find(report, 'TLS1_2')).toBe('offered')
      const ciphers = `${await find(report, 'cipherorder_TLSv1_2')} ${await find(report, 'PFS_ciphers')}`
      for (const cipher of ciphers.trim().split(/\s+/)) expect(cipher).toMatch(AEAD_WITH_ECDHE)
      expect(await find(report, 'secure_client_renego')).toMatch(/not vulnerable|client x509-based/)
    },
    SCAN_MS,
  )

  it(
    'trusts the certificate by our CA alone, knows where its list is, and sees strict headers on HTTPS',
    async () => {
      const report = reports.get('https')
      expect(await find(report, 'cert_chain_of_trust')).toBe('passed.')
      expect(await find(report, 'cert_crlDistributionPoints')).toMatch(
        /^https:\/\/localhost:8443\/crl\/[0-9a-f]{40}\.crl$/,
      )
      expect(await find(report, 'HSTS_time')).toMatch(/365 days/)
      expect(await find(report, 'Content-Security-Policy')).toContain("default-src 'none'")
      expect(await find(report, 'banner_server')).toMatch(/^No Server banner/)
    },
    SCAN_MS,
  )
})

const CONFIG = `
gateway: gw-test
state: .
broker:
  listen:
    - { host: 127.0.0.1, port: 0 }
    - { host: 127.0.0.1, port: 0, tls: '1.2' }
web:
  listen:
    - { host: 127.0.0.1, port: 0 }
`

/** Protocols, cipher categories, forward secrecy, order, certificate, headers, and all known flaws. */
const CHECKS = ['-p', '-s', '-f', '-P', '-S', '-h', '-U']

async function scan(directory: string, name: string, port: number): Promise<Report> {
  const path = join(directory, `${name}.json`)
  const quiet = ['--quiet', '--color', '0', '--warnings', 'batch', '--nodns', 'none', '--ip', '127.0.0.1']
  const bounds = ['--openssl-timeout', '20', '--connect-timeout', '20']
  const trust = ['--add-ca', join(directory, 'certs/ca.pem'), '--jsonfile', path]
  const options = [...quiet, ...bounds, ...trust, ...CHECKS, `localhost:${port}`]
  let report: Report = []
  for (let run = 0; run < MOST_SCANS && !isComplete(report); run += 1) {
    rmSync(path, { force: true })
    const scanner = spawn(SCANNER, options, { stdio: 'ignore', cwd: directory, timeout: ONE_SCAN_MS })
    await once(scanner, 'close')
    report = readReport(path)
  }
  return report
}

/** A scan that was ended by its time limit leaves half a report. */
function readReport(path: string): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return []
  }
}

function isComplete(report: Report): boolean {
  return report.length > FEWEST_FINDINGS && !report.some(({ finding }) => MISSED.test(finding))
}

async function find(report: Promise<Report> | undefined, id: string): Promise<string> {
  const found = ((await report) ?? []).find((finding) => finding.id === id)
  return found?.finding ?? `testssl.sh says nothing of ${id}`
}
