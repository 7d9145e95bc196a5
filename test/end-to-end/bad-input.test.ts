import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmodSync, copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles, type WardFiles } from '../support/ward.ts'
import { wardgate } from '../support/wardgate-cli.ts'

const entries: readonly InventoryEntry[] = [{ role: 'bedside', id: 'box-1' }]

let dir: ReturnType<typeof tempDir>
let ward: WardFiles
beforeEach(() => {
  dir = tempDir()
  ward = makeWardFiles(dir.path, entries)
})
afterEach(() => {
  dir.remove()
})

const at = (...parts: string[]): string => join(dir.path, ...parts)
const configured = (text: string): string => {
  writeFileSync(at('bad.yaml'), text)
  return at('bad.yaml')
}

interface Fault {
  readonly name: string
  readonly args: () => readonly string[] | Promise<readonly string[]>
  readonly code: number
  readonly says: RegExp
}

const faults: readonly Fault[] = [
  {
    name: 'an unknown key in the configuration',
    args: () => ['check-config', configured('gateway: gw-1\nstate: ./state\nbroker:\n  lisen: []\n')],
    code: 78,
    says: /bad\.yaml:4:3: .*lisen.*listen/,
  },
  {
    name: 'a value of the wrong type',
    args: () => [
      'run',
      '--config',
      configured('gateway: gw-1\nstate: ./state\nbroker:\n  listen:\n    - { host: 127.0.0.1, port: "x" }\n'),
    ],
    code: 78,
    says: /bad\.yaml:5:\d+: .*port/,
  },
  {
    name: 'YAML that is none',
    args: () => ['check-config', configured('gateway: [')],
    code: 78,
    says: /bad\.yaml:1/,
  },
  {
    name: 'a missing configuration',
    args: () => ['run', '--config', at('none.yaml')],
    code: 78,
    says: /none\.yaml.*ENOENT/,
  },
  {
    name: 'a state directory without certificates',
    args: () => {
      rmSync(at('state/certs'), { recursive: true })
      return ['run', '--config', ward.configFile]
    },
    code: 78,
    says: /no certificate store .*wardgate certs init/,
  },
  {
    name: 'a key that others can read',
    args: () => {
      chmodSync(at('state/certs/server/server.key'), 0o644)
      return ['run', '--config', ward.configFile]
    },
    code: 78,
    says: /server\.key.*chmod 600/,
  },
  {
    name: 'a key that is no key',
    args: () => {
      writeFileSync(at('state/certs/server/server.key'), 'nonsense')
      return ['run', '--config', ward.configFile]
    },
    code: 78,
    says: /server\.key/,
  },
  {
    name: 'the key of another certificate',
    args: () => {
      copyFileSync(at('state/certs/bedside/box-1.key'), at('state/certs/server/server.key'))
      return ['run', '--config', ward.configFile]
    },
    code: 78,
    says: /server\.key/,
  },
  {
    name: 'a broken inventory',
    args: () => {
      writeFileSync(at('state/inventory.json'), '{"v":1,')
      return ['run', '--config', ward.configFile]
    },
    code: 78,
    says: /inventory\.json is not JSON/,
  },
  { name: 'an unknown option', args: () => ['demo', '--fast'], code: 2, says: /unknown option '--fast'/ },
  { name: 'an unknown command', args: () => ['fly'], code: 2, says: /unknown command 'fly'/ },
  {
    name: 'a duration that is none',
    args: () => ['demo', '--for', 'soon'],
    code: 2,
    says: /'soon' is not a duration/,
  },
  { name: 'an unknown protocol', args: () => ['decode', '--protocol', 'nonin'], code: 2, says: /nonin/ },
  {
    name: 'an unknown role',
    args: () => ['certs', 'issue', 'doctor', 'who'],
    code: 2,
    says: /unknown role 'doctor'/,
  },
  {
    name: 'an id that is none',
    args: () => ['certs', 'issue', 'device', 'Bed_1', '--state', at('state')],
    code: 2,
    says: /Bed_1/,
  },
  {
    name: 'a device of an unknown protocol',
    args: () => [
      'devices',
      'add',
      'x-1',
      '--ward',
      'icu',
      '--bed',
      'b1',
      '--protocol',
      'fax',
      '--state',
      at('state'),
    ],
    code: 2,
    says: /unknown protocol 'fax'/,
  },
  {
    name: 'a second store in one place',
    args: () => ['certs', 'init', '--state', at('state')],
    code: 1,
    says: /already|there is a/,
  },
  {
    name: 'a scenario with a patient that does not exist',
    args: () => [
      'demo',
      '--scenario',
      configured(
        'devices:\n  - { id: a, ward: w, bed: b, protocol: nonin-df2, link: pty, patient: nobody }\n',
      ),
      '--state',
      at('demo'),
    ],
    code: 78,
    says: /bad\.yaml:2:\d+.*nobody/,
  },
]

describe('bad input', () => {
  it.each(faults)('$name ends with code $code and one clear message', async ({ args, code, says }) => {
    const before = readdirSync(dir.path, { recursive: true }).length
    const prepared = await args()
    const ended = await wardgate(prepared, dir.path)
    expect(ended.stderr).toMatch(says)
    expect(ended.stderr).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m)
    expect(ended.code).toBe(code)
    expect(ended.stdout).toBe('')
    // Nothing is left half-written: at most the file that this test itself has put there.
    expect(readdirSync(dir.path, { recursive: true }).length).toBeLessThanOrEqual(before + 1)
  })

  it('names the port that is taken', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => {
      holder.listen(0, '127.0.0.1', resolve)
    })
    const { port } = holder.address() as AddressInfo
    const taken = makeWardFiles(at('second'), entries, {
      config: { broker: { listen: [{ host: '127.0.0.1', port }] } },
    })
    const ended = await wardgate(['run', '--config', taken.configFile])
    holder.close()
    expect(ended.stderr).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*another program holds this port`))
    expect(ended.code).toBe(78)
    expect(existsSync(at('second/state/certs/server/server.key'))).toBe(true)
  })
})
