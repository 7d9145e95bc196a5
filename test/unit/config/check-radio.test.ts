import { describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { loadConfig, readConfig } from '../../../gateway/config/load-config.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { writeFileSync } from 'node:fs'

function fileOf(device: string): { readonly file: string; readonly dir: ReturnType<typeof tempDir> } {
  const dir = tempDir()
  const file = join(dir.path, 'box.yaml')
  writeFileSync(
    file,
    `gateway: g
state: ./state
bedside:
  id: box-1
  broker: mqtts://10.0.0.1
  devices: [ { id: a, link: ble, address: "C0:FF:EE:00:00:05", ${device} } ]
`,
  )
  return { file, dir }
}

function faultsOf(device: string): readonly string[] {
  const { file, dir } = fileOf(device)
  const { faults = [] } = readConfig(file, { environment: {} })
  dir.remove()
  return faults.map(({ where, message }) => `${where} ${message}`)
}

const STRAP = 'protocol: ble-heart-rate'
const PUMP = 'protocol: ble-insulin-delivery'

describe('a Bluetooth device of the configuration', () => {
  it.each([
    ['the adapter of this machine', `${STRAP}, radio: bluez`],
    ['a named adapter', `${STRAP}, radio: bluez, adapter: hci1`],
    ['a device that is paired without proof', `${STRAP}, radio: bluez, pair: just-works`],
    ['a device that is paired with its passkey', `${PUMP}, radio: bluez, pair: passkey, passkeyFile: ./key`],
    ['a bond that was verified', `${PUMP}, radio: bluez, bond: authenticated`],
    ['the simulated radio', `${STRAP}, radio: simulated, air: ./air`],
  ])('may have %s', (_name, device) => {
    expect(faultsOf(device)).toEqual([])
  })

  it.each([
    ['another radio', `${STRAP}, radio: noble`, /radio: "noble"/],
    ['no radio', STRAP, /'radio' is missing/],
    ['the simulated radio without its directory', `${STRAP}, radio: simulated`, /'air' is missing; add air/],
    [
      'the simulated radio with an adapter',
      `${STRAP}, radio: simulated, air: ./air, adapter: hci0`,
      /adapter: 'adapter' is of the radio 'bluez'|adapter 'adapter' is of the radio 'bluez'/,
    ],
    [
      'a bond of the simulated radio',
      `${STRAP}, radio: simulated, air: ./air, bond: authenticated`,
      /'bond' is of the radio 'bluez'/,
    ],
    [
      'a directory of the simulated radio',
      `${STRAP}, radio: bluez, air: ./air`,
      /'air' is of the simulated radio/,
    ],
    ['an adapter that is a path', `${STRAP}, radio: bluez, adapter: /org/bluez/hci0`, /does not fit/],
    ['a passkey without its file', `${STRAP}, radio: bluez, pair: passkey`, /'passkeyFile' is missing/],
    [
      'a passkey in the configuration itself',
      `${STRAP}, radio: bluez, pair: passkey, passkey: "123456"`,
      /unknown key 'passkey'/,
    ],
    [
      'a passkey file that nothing uses',
      `${STRAP}, radio: bluez, pair: just-works, passkeyFile: ./key`,
      /used with pair: passkey alone/,
    ],
    [
      'no proof for a profile that asks for it',
      `${PUMP}, radio: bluez, pair: just-works`,
      /asks for an authenticated link, and just-works proves nothing/,
    ],
    ['a bond that is anything else', `${STRAP}, radio: bluez, bond: trusted`, /bond: "trusted"/],
  ])('may not have %s', (_name, device, expected) => {
    const faults = faultsOf(device)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(expected)
  })

  it('has its passkey beside the configuration', () => {
    const { file, dir } = fileOf(`${PUMP}, radio: bluez, pair: passkey, passkeyFile: ./key`)
    expect(loadConfig(file, { environment: {} }).bedside?.devices).toMatchObject([
      { passkeyFile: join(dir.path, 'key') },
    ])
    dir.remove()
  })
})
