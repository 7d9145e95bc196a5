import { describe, expect, it } from '@jest/globals'
import { SIMULATED_PROTOCOLS } from '../../../simulators/device-kinds.ts'
import { TALKING_KINDS } from '../../../simulators/talking-kinds.ts'
import { parseScenario, readScenario, WARD_SCENARIO } from '../../../simulators/scenario-file.ts'

const GOOD = `devices:
  - id: ox-1
    ward: icu
    bed: b01
    protocol: nonin-df2
    link: pty
    patient: bidmc_19_numerics
`

describe('a scenario', () => {
  it('fills in what is not said', () => {
    const [device] = parseScenario(GOOD, '/ward.yaml').devices
    expect(device).toMatchObject({ id: 'ox-1', startS: 0, speed: 1, isLoop: false, faults: {}, link: 'pty' })
  })

  it('gives each device a seed of its own that depends on the seed of the scenario', () => {
    const seeds = ['', 'seed: 1\n', 'seed: 2\n'].map(
      (line) => parseScenario(line + GOOD, '/w.yaml').devices[0]?.seed,
    )
    expect(new Set(seeds).size).toBe(3)
    expect(parseScenario(GOOD, '/w.yaml').devices[0]?.seed).toBe(seeds[0])
  })

  it.each([
    {
      name: 'an unknown key',
      edit: (text: string) => `${text}    sped: 2\n`,
      message: "/w.yaml:8:11: 'sped' is not known here",
    },
    {
      name: 'a missing key',
      edit: (text: string) => text.replace('    bed: b01\n', ''),
      message: "/w.yaml:2:5: 'bed' is missing",
    },
    {
      name: 'an unknown protocol',
      edit: (text: string) => text.replace('nonin-df2', 'nonin-df3'),
      message: "/w.yaml:5:15: 'protocol' must be one of nonin-df2",
    },
    {
      name: 'an unknown patient',
      edit: (text: string) => text.replace('bidmc_19', 'bidmc_99'),
      message: "/w.yaml:7:14: cannot read the patient 'bidmc_99_numerics'",
    },
    {
      name: 'a patient that the device cannot play',
      edit: (text: string) => text.replace('bidmc_19_numerics', 'azt1d_s05_3d'),
      message: 'azt1d_s05_3d.csv holds nothing that nonin-df2 can send',
    },
    {
      name: 'a link that the device does not have',
      edit: (text: string) => text.replace('pty', 'ble'),
      message: '/w.yaml:6:11: nonin-df2 speaks over pty or tcp, not ble',
    },
    {
      name: 'a start after the end',
      edit: (text: string) => `${text}    startS: 481\n`,
      message: '/w.yaml:8:13: 481 s is after the end of bidmc_19_numerics.csv at 481 s',
    },
    {
      name: 'a speed of 0',
      edit: (text: string) => `${text}    speed: 0\n`,
      message: "/w.yaml:8:12: 'speed' must be a number from 0.01",
    },
    {
      name: 'a rate above 1',
      edit: (text: string) => `${text}    faults: { noise: 2 }\n`,
      message: "/w.yaml:8:22: 'noise' must be a rate from 0 to 1",
    },
    {
      name: 'an unknown fault',
      edit: (text: string) => `${text}    faults: { fire: 1 }\n`,
      message: "/w.yaml:8:21: 'fire' is not known here",
    },
    {
      name: 'an address without a radio',
      edit: (text: string) => `${text}    address: C0:FF:EE:00:00:01\n`,
      message: "'address' belongs to a ble link, not to pty",
    },
    {
      name: 'an id used twice',
      edit: (text: string) => text + text.replace('devices:\n', ''),
      message: "/w.yaml:8:9: the id 'ox-1' is used twice",
    },
    {
      name: 'a person as id',
      edit: (text: string) => text.replace('ox-1', 'Mr Smith'),
      message: "/w.yaml:2:9: 'id' must be 1 to 32 of a-z",
    },
    {
      name: 'no device',
      edit: () => 'devices: []\n',
      message: "/w.yaml:1:10: 'devices' must be a list of at least one device",
    },
    {
      name: 'an empty file',
      edit: () => '',
      message: '/w.yaml:1:1: a map with seed, devices is expected here',
    },
    { name: 'a key used twice', edit: (text: string) => `${text}    bed: b02\n`, message: '/w.yaml:8:5' },
    { name: 'what is no YAML', edit: () => 'devices: [', message: '/w.yaml:1:' },
  ])('is refused with its place: $name', ({ edit, message }) => {
    expect(() => parseScenario(edit(GOOD), '/w.yaml')).toThrow(message)
  })

  it('is refused with all of its faults at once', () => {
    const text = GOOD.replace('icu', 'ICU 1').replace('pty', 'wire')
    expect(() => parseScenario(text, '/w.yaml')).toThrow(/3:11: 'ward'[\s\S]*6:11: 'link'/)
  })

  it('that is not there is said to be missing', () => {
    expect(() => readScenario('/nowhere/ward.yaml')).toThrow(
      'cannot read the scenario /nowhere/ward.yaml: check that it exists and may be read',
    )
  })
})

describe('the ward of the demonstration', () => {
  const { devices } = readScenario(WARD_SCENARIO)

  it('has ten beds or more in two wards and every device that can be simulated', () => {
    expect(new Set(devices.map(({ ward, bed }) => `${ward}/${bed}`)).size).toBeGreaterThanOrEqual(10)
    expect(new Set(devices.map(({ ward }) => ward))).toEqual(new Set(['icu', 'step-down']))
    const talking = new Set(TALKING_KINDS.map(({ protocol }) => protocol))
    const byThemselves = SIMULATED_PROTOCOLS.filter((protocol) => !talking.has(protocol))
    expect([...new Set(devices.map(({ protocol }) => protocol))]).toEqual(
      expect.arrayContaining(byThemselves),
    )
  })

  it('shows within half a minute what it was made for', () => {
    const seen = (id: string): readonly (readonly [string, number])[] => {
      const device = devices.find((each) => each.id === id)
      const endS = (device?.startS ?? 0) + (device?.speed ?? 0) * 30
      const rows = device?.recording.rows.filter(({ atS }) => atS >= device.startS && atS < endS) ?? []
      return rows.flatMap((row) => Object.entries(row))
    }
    expect(seen('mon-05')).toContainEqual(['spo2', 42.9])
    expect(seen('mon-05').map(([field]) => field)).toContain('nibpSystolic')
    expect(seen('pump-08')).toContainEqual(['basalIUh', 1335])
    expect(seen('cgm-07').some(([field, value]) => field === 'glucoseMgDl' && value < 54)).toBe(true)
    expect(seen('pump-07')).toContainEqual(['basalIUh', 0])
  })
})
