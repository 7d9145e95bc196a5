import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { layoutOfState, SERVER_ID } from '../../certs/store-layout.ts'
import { initStore, openStore, type CertificateStore } from '../../certs/store.ts'
import type { ProcessCertificates } from '../../gateway/upkeep/process-holdings.ts'
import { startProcessUpkeep } from '../../gateway/upkeep/process-upkeep.ts'
import { renewAtMs } from '../../gateway/upkeep/upkeep-due.ts'
import type { Upkeep } from '../../gateway/upkeep/upkeep.ts'
import { seededRandom } from '../../simulators/random.ts'
import { certificatesOf, chainFaults, chainIn, listFaults } from '../support/certificate-audit.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { believed } from '../support/fake-time.ts'
import { RecordingEvents } from '../support/recording-sinks.ts'
import { tempDir } from '../support/temp-dir.ts'

const DAY_MS = 86_400_000
const START_MS = Date.parse('2026-09-20T10:15:00Z')

// Thousands of days, each with its signatures and its files.
jest.setTimeout(180_000)

let dir: ReturnType<typeof tempDir>
beforeEach(() => {
  dir = tempDir()
})
afterEach(() => {
  dir.remove()
})

/** A gateway whose clock is told to advance, and a station on another machine that keeps its key and its trust to itself. */
class Years {
  readonly clock = new FakeClock(START_MS)
  readonly events = new RecordingEvents()
  readonly stateDir: string
  store: CertificateStore
  trust: string
  chain = ''
  #upkeep: Upkeep | undefined

  constructor(stateDir: string, offlineRootDir?: string) {
    this.stateDir = stateDir
    const nowMs = START_MS
    this.store = initStore({
      stateDir,
      site: 'ward.test',
      serverNames: ['localhost'],
      nowMs,
      ...(offlineRootDir === undefined ? {} : { offlineRootDir }),
    })
    this.store.issue({ role: 'bedside', id: 'box-1', nowMs })
    this.store.issue({ role: 'uplink', id: 'up-1', nowMs })
    this.trust = this.store.serverMaterial().ca
    this.#certifyStation(false)
  }

  get nowMs(): number {
    return this.clock.nowMs()
  }

  get day(): number {
    return Math.round((this.nowMs - START_MS) / DAY_MS)
  }

  async start(): Promise<void> {
    this.store = openStore(this.stateDir)
    const certificates: ProcessCertificates = {
      layout: layoutOfState(this.stateDir),
      store: this.store,
      own: [
        { role: 'server', id: SERVER_ID },
        { role: 'bedside', id: 'box-1' },
        { role: 'uplink', id: 'up-1' },
      ],
    }
    this.#upkeep = startProcessUpkeep({
      ...certificates,
      clock: this.clock,
      time: believed(this.clock),
      events: this.events,
      takeUp: async () => undefined,
    })
    await this.#upkeep.prepare()
  }

  async stop(): Promise<void> {
    await this.#upkeep?.stop()
    this.#upkeep = undefined
  }

  /** Lets time pass; the process looks when its own timers say so. */
  async pass(days: number): Promise<void> {
    this.clock.advance(days * DAY_MS)
    await this.#upkeep?.look()
  }

  /** What the station does by itself: a weekly question whom to trust, and its next certificate in time. */
  stationDoes(): void {
    const [leaf] = certificatesOf(this.chain)
    if (this.day % 7 === 0) this.trust = this.store.serverMaterial().ca
    if (leaf === undefined) throw new Error('the station has no certificate')
    const dates = { notBeforeMs: Date.parse(leaf.validFrom), notAfterMs: Date.parse(leaf.validTo) }
    const fingerprint = leaf.fingerprint256.replaceAll(':', '').toLowerCase()
    if (this.nowMs >= renewAtMs({ ...dates, fingerprint })) this.#certifyStation(true)
  }

  /** Everything that anybody would refuse today. */
  faults(): readonly string[] {
    const { nowMs, stateDir, trust, store } = this
    const shown = (who: string, chain: string, by: string): readonly string[] =>
      chainFaults(chain, by, nowMs).map((fault) => `day ${this.day}: ${who}: ${fault}`)
    const { ca, cert } = store.serverMaterial()
    return [
      ...shown('server, seen by the station', cert, trust),
      ...shown('station, seen by the gateway', this.chain, ca),
      ...shown('bedside', chainIn(stateDir, 'bedside', 'box-1'), ca),
      ...shown('uplink', chainIn(stateDir, 'uplink', 'up-1'), ca),
      ...listFaults(store, nowMs).map((fault) => `day ${this.day}: ${fault}`),
    ]
  }

  renewals(role: string): number {
    return this.events.named('certificate-renewed').filter((detail) => detail['role'] === role).length
  }

  #certifyStation(renews: boolean): void {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const { nowMs } = this
    const request = { role: 'consumer', id: 'station-1', publicKeyPem, nowMs, renews } as const
    this.chain = this.store.certify(request).chainPem
    this.trust = this.store.serverMaterial().ca
  }
}

describe('a gateway that nobody looks after', () => {
  it('has nothing ended and nobody locked out on any of 400 days, restarted or not', async () => {
    const years = new Years(join(dir.path, 'state'))
    const random = seededRandom(7)
    await years.start()
    const faults: string[] = []
    let restarts = 0
    while (years.day < 400) {
      await years.pass(1)
      years.stationDoes()
      faults.push(...years.faults())
      if (random.next() < 0.05) {
        restarts += 1
        await years.stop()
        await years.start()
      }
    }
    await years.stop()
    expect(faults).toEqual([])
    expect(restarts).toBeGreaterThan(5)
    expect(['server', 'bedside', 'uplink'].map((role) => years.renewals(role))).toEqual([1, 1, 1])
    expect(years.events.named('crl-renewed').length).toBeGreaterThanOrEqual(26)
    expect(years.events.named('certificate-not-renewed')).toEqual([])
    expect(years.events.named('certificate-expires')).toEqual([])
    expect(years.clock.pendingCount).toBe(0)
  })

  it('renews everything before it serves anybody after it was off for a year', async () => {
    const years = new Years(join(dir.path, 'state'))
    years.clock.advance(420 * DAY_MS)
    expect(years.faults().length).toBeGreaterThan(4)
    await years.start()
    const left = years.faults()
    await years.stop()
    // The station was off as well; nobody but a person can let it in again.
    expect(left.filter((fault) => !fault.includes('station, seen'))).toEqual([])
    expect(years.renewals('server') + years.renewals('bedside') + years.renewals('uplink')).toBe(3)
  })

  it('rolls the issuing CA over in five years, and no good chain is ever refused', async () => {
    const years = new Years(join(dir.path, 'state'))
    years.clock.advance(2500 * DAY_MS)
    await years.start()
    years.stationDoes()
    const faults: string[] = []
    while (years.day < 2500 + 5 * 365) {
      await years.pass(10)
      years.stationDoes()
      faults.push(...years.faults())
    }
    const authorities = years.store.authorities()
    await years.stop()
    expect(faults).toEqual([])
    expect(years.renewals('issuing-ca')).toBe(1)
    // The other one has ended meanwhile, and is neither trusted nor listed any more.
    expect(authorities.filter(({ role }) => role === 'issuing-ca')).toHaveLength(1)
  })

  it('rolls the root over in two steps, and goes on for twenty-one years', async () => {
    const years = new Years(join(dir.path, 'state'))
    await years.start()
    const faults: string[] = []
    while (years.day < 21 * 365) {
      await years.pass(14)
      years.stationDoes()
      faults.push(...years.faults())
    }
    await years.stop()
    expect(faults).toEqual([])
    expect(years.renewals('root-ca')).toBe(2)
    expect(years.renewals('issuing-ca')).toBe(2)
    expect(years.events.named('certificate-not-renewed')).toEqual([])
  })
})

describe('a gateway without the key of its root', () => {
  it('keeps everything in force for 400 days, as the forecast says', async () => {
    const years = new Years(join(dir.path, 'state'), join(dir.path, 'medium'))
    renameSync(join(dir.path, 'medium'), join(dir.path, 'safe'))
    await years.start()
    const faults: string[] = []
    while (years.day < 400) {
      await years.pass(1)
      years.stationDoes()
      faults.push(...years.faults())
    }
    await years.stop()
    expect(faults).toEqual([])
    expect(years.renewals('server')).toBe(1)
    expect(readFileSync(join(years.stateDir, 'certs/ca.pem'), 'utf8')).toBe(years.trust)
  })

  it('says from the first day when the medium is needed, warns in time, and is right about both', async () => {
    const years = new Years(join(dir.path, 'state'), join(dir.path, 'medium'))
    renameSync(join(dir.path, 'medium'), join(dir.path, 'safe'))
    await years.start()
    const listOfRoot = years.store
      .forecast(years.nowMs)
      .find(({ what, role }) => what === 'crl' && role === 'root-ca')
    expect(listOfRoot).toMatchObject({ renews: 'person', action: expect.stringContaining('--offline-root') })
    const endsOnDay = Math.floor(((listOfRoot?.expiresAtMs ?? 0) - START_MS) / DAY_MS)
    const faults: string[] = []
    while (years.day <= endsOnDay) {
      await years.pass(5)
      years.stationDoes()
      faults.push(...years.faults())
    }
    await years.stop()
    // The list of the root is the only thing that ends, and not a day before the forecast said.
    expect(faults.length).toBeGreaterThan(0)
    for (const fault of faults) expect(fault).toMatch(/wardgate root-ca .*: its list has ended/)
    const warned = years.events.named('certificate-expires').filter(({ role }) => role === 'crl')
    expect(warned.map(({ level }) => level)).toEqual(expect.arrayContaining(['notice', 'warning']))

    // A person brings the medium: the running gateway has nothing more to ask for.
    renameSync(join(dir.path, 'safe'), join(dir.path, 'medium'))
    years.store.refreshCrl(years.nowMs, join(dir.path, 'medium'))
    expect(listFaults(years.store, years.nowMs)).toEqual([])
  })
})
