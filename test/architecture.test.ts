import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative } from 'node:path'

const root = join(import.meta.dirname, '..')

const files = ['cli', 'gateway', 'devices', 'certs', 'simulators'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name))),
)
const sourceOf = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

/** Import specifiers of a file: packages as they are, relative ones as paths from the root. */
function importsOf(file: string): string[] {
  const specifiers = [
    ...(sourceOf.get(file) ?? '').matchAll(/(?<!\.)(?:from|import)\s*\(?\s*'([^']+)'/g),
  ].map((match) => match[1] ?? '')
  return specifiers.map((specifier) =>
    specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(file), specifier)) : specifier,
  )
}

const within = (folder: string) => files.filter((file) => file.startsWith(folder))
const offenders = (list: readonly string[], allows: (target: string) => boolean) =>
  list.flatMap((file) =>
    importsOf(file)
      .filter((target) => !allows(target))
      .map((target) => `${file} imports ${target}`),
  )

describe('the structure', () => {
  it('devices import nothing outside devices', () => {
    expect(offenders(within('devices/'), (target) => target.startsWith('devices/'))).toEqual([])
  })

  it('certs import node-forge, node and themselves', () => {
    const allows = (target: string) =>
      target === 'node-forge' || target.startsWith('node:') || target.startsWith('certs/')
    expect(offenders(within('certs/'), allows)).toEqual([])
  })

  it('contract, stages and ports import no adapter', () => {
    const inner = [...within('gateway/contract/'), ...within('gateway/stages/'), 'gateway/ports.ts']
    const allows = (target: string) =>
      /^(devices\/|gateway\/(contract|stages)\/|gateway\/(ports|clock|errors|log)\.ts$|rxjs$|ajv(\/|$))/.test(
        target,
      )
    expect(offenders(inner, allows)).toEqual([])
  })

  it('the gateway knows no simulator, command or test', () => {
    expect(offenders(within('gateway/'), (target) => !/^(simulators|cli|test)\//.test(target))).toEqual([])
  })

  it('simulators know the gateway by its contract only', () => {
    const allows = (target: string) =>
      !target.startsWith('gateway/') || /^gateway\/(contract\/|clock\.ts$)/.test(target)
    expect(offenders(within('simulators/'), allows)).toEqual([])
  })

  const homes: readonly (readonly [library: RegExp, home: RegExp])[] = [
    [/^aedes/, /^gateway\/broker\//],
    [/^mqtt$/, /^gateway\/uplink\//],
    [/^ipaddr\.js$/, /^gateway\/uplink\//],
    [/^serialport$/, /^gateway\/transport\//],
    [/dbus-next$/, /^gateway\/transport\/dbus-/],
    [/^node-forge$/, /^certs\//],
    [/^prom-client$/, /^gateway\/telemetry\//],
    [/^pino$/, /^gateway\/log\.ts$/],
    [/^ws$/, /^gateway\/web\//],
    [/^koffi$/, /^simulators\//],
    [/^commander$/, /^cli\//],
  ]
  it.each(homes)('%s has one home: %s', (library, home) => {
    const users = files.filter((file) => importsOf(file).some((target) => library.test(target)))
    expect(users.filter((file) => !home.test(file))).toEqual([])
  })

  it('nothing but the clock asks for the time', () => {
    const asks = /\bDate\.now\(|new Date\(\)|(?<!\.)\bset(Timeout|Interval)\(|performance\.now\(/
    const users = files.filter((file) => file !== 'gateway/clock.ts' && asks.test(sourceOf.get(file) ?? ''))
    expect(users).toEqual([])
  })

  it('no source file is longer than 250 lines', () => {
    const long = files.filter((file) => (sourceOf.get(file) ?? '').split('\n').length > 251)
    expect(long).toEqual([])
  })

  // Each says why, judges by itself, and excuses nothing of OpenSSL's but dates on a clock known to be wrong.
  const JUDGES_ITSELF: readonly (readonly [file: string, ...users: string[]])[] = [
    ['gateway/broker/peer-tls.ts', 'gateway/broker/listener.ts', 'gateway/web/optional-certificate.ts'],
    ['gateway/uplink/server-trust.ts', 'gateway/uplink/dial.ts'],
  ]

  it('TLS verification is never switched off', () => {
    const others = files.filter((file) => !JUDGES_ITSELF.some(([exempt]) => exempt === file))
    const off = others.filter((file) =>
      /rejectUnauthorized:\s*(false|[a-z])(?!rue)/i.test(sourceOf.get(file) ?? ''),
    )
    expect(off).toEqual([])
  })

  it.each(JUDGES_ITSELF)('%s leaves the verdict to those who judge by themselves', (file, ...users) => {
    expect(files.filter((other) => importsOf(other).includes(file)).sort()).toEqual(users)
  })

  // A client of the HTTPS side may come without a certificate; the one file that allows it ends what is not good.
  it('a handshake without a certificate is allowed in one place alone', () => {
    const users = files.filter((file) => importsOf(file).includes('gateway/web/optional-certificate.ts'))
    expect(users).toEqual(['gateway/web/secure-front.ts'])
  })
})
