import { describe, expect, it } from '@jest/globals'
import { protocolsCommand } from '../../../cli/protocols.ts'
import { PROTOCOLS } from '../../../devices/registry.ts'

async function run(...options: readonly string[]): Promise<string> {
  let text = ''
  const output = {
    write(chunk: unknown) {
      text += String(chunk)
      return true
    },
  }
  await protocolsCommand(output).parseAsync(options, { from: 'user' })
  return text
}

describe('wardgate protocols', () => {
  it('gives every row of the registry as JSON', async () => {
    const rows = JSON.parse(await run('--json')) as readonly Readonly<Record<string, unknown>>[]
    expect(rows.map(({ id }) => id)).toEqual(PROTOCOLS.map(({ id }) => id))
    expect(rows.find(({ id }) => id === 'nonin-df2')).toMatchObject({
      link: { kind: 'serial', baudRate: 9600 },
      metrics: [
        { mdc: 149530, ref: 'MDC_PULS_OXIM_PULS_RATE', unit: '/min', loinc: '8889-8' },
        { mdc: 150456, ref: 'MDC_PULS_OXIM_SAT_O2', unit: '%', loinc: '59408-5' },
      ],
      sends: [],
    })
  })

  it('tells people devices, line, metrics and source of each', async () => {
    const text = await run()
    for (const { id, devices, source } of PROTOCOLS) {
      expect(text).toContain(`${id} `)
      expect(text).toContain(devices)
      expect(text).toContain(source)
    }
    expect(text).toContain('serial 9600 8N1')
  })
})
