import { describe, expect, it } from '@jest/globals'
import { lineFields, terminalOf } from '../../../cli/simulated-line.ts'
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
