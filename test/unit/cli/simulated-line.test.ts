import { describe, expect, it } from '@jest/globals'
import { lineFields, protocolNamed, terminalOf } from '../../../cli/simulated-line.ts'
import { UsageError } from '../../../gateway/errors.ts'
import { kindOf } from '../../../simulators/device-kinds.ts'
import { questionKind } from '../../support/question-device.ts'

const NONIN = kindOf('nonin-df2')
const STRAP = kindOf('ble-heart-rate')
const IN_DATAGRAMS = questionKind({ over: 'udp' })
const CALLER = questionKind({ over: 'tcp-caller' })

describe('the line of a single simulated device', () => {
  it.each([
    { name: 'a terminal by itself', kind: NONIN, options: {}, fields: { link: 'pty' } },
    { name: 'a terminal at a path', kind: NONIN, options: { portLink: './x' }, fields: { link: 'pty' } },
    {
      name: 'a terminal at a path, by the short word',
      kind: NONIN,
      options: { port: './x' },
      fields: { link: 'pty' },
    },
    { name: 'a device server', kind: NONIN, options: { tcp: 4001 }, fields: { link: 'tcp', tcpPort: 4001 } },
    { name: 'the radio', kind: STRAP, options: {}, fields: { link: 'ble' } },
    { name: 'datagrams at a free port', kind: IN_DATAGRAMS, options: {}, fields: { link: 'udp' } },
    {
      name: 'datagrams at a port',
      kind: IN_DATAGRAMS,
      options: { udp: 24_105 },
      fields: { link: 'udp', udpPort: 24_105 },
    },
    { name: 'a call', kind: CALLER, options: { call: 2575 }, fields: { link: 'call', tcpPort: 2575 } },
    // What does not fit is refused by the check that scenarios have as well.
    { name: 'a terminal for a radio device', kind: STRAP, options: { port: './x' }, fields: { link: 'pty' } },
  ])('is $name', ({ kind, options, fields }) => {
    expect(lineFields(kind, options)).toEqual(fields)
  })

  it.each([
    { portLink: './x', port: './y' },
    { port: './x', tcp: 1 },
    { udp: 1, call: 1 },
  ])('is one line: %j is refused', (options) => {
    expect(() => lineFields(NONIN, options)).toThrow(UsageError)
  })

  it('of a device that calls has to be named', () => {
    expect(() => lineFields(CALLER, {})).toThrow('--call 127.0.0.1:PORT is missing')
  })

  it('stands at the path of either option', () => {
    expect([terminalOf({ portLink: 'a' }), terminalOf({ port: 'b' }), terminalOf({})]).toEqual([
      'a',
      'b',
      undefined,
    ])
  })
})

describe('the name of a simulated protocol', () => {
  it('is its id, or the beginning of it where the line leaves only one', () => {
    expect(protocolNamed('nonin-df2', {})).toBe('nonin-df2')
    expect(protocolNamed('intellivue', { port: './run/mon' })).toBe('intellivue-rs232')
    expect(protocolNamed('intellivue', { udp: 24_105 })).toBe('intellivue-lan')
  })

  it.each([
    ['a family with several members on that line', 'nonin', /choose one of nonin-df2/],
    ['a family whose line is open', 'intellivue', /intellivue-lan, intellivue-rs232/],
    ['what nobody speaks', 'klingon', /'klingon' cannot be simulated; choose one of/],
    ['half a word', 'intel', /'intel' cannot be simulated/],
  ])('is refused for %s', (_, name, message) => {
    expect(() => protocolNamed(name, {})).toThrow(message)
  })
})
