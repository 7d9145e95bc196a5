import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { checkConfigCommand } from '../../../cli/check-config.ts'
import { makeConfigDirectory, type ConfigDirectory } from './config-fixture.ts'

const GOOD = `gateway: gw-1
state: ./state
broker: { listen: [ { host: 127.0.0.1, port: 8883 } ] }
`

let directory: ConfigDirectory
let printed = ''

beforeEach(() => {
  directory = makeConfigDirectory()
  printed = ''
})

afterEach(() => {
  directory.remove()
})

function check(...argv: string[]): Promise<unknown> {
  const command = checkConfigCommand((text) => {
    printed += text
  })
  return command.exitOverride().parseAsync(argv, { from: 'user' })
}

describe('wardgate check-config', () => {
  it('says ok and what the file sets up', async () => {
    const file = directory.write('ward.yaml', GOOD)
    await check(file)
    expect(printed).toBe(`${file}: ok\ngateway gw-1: 1 listener(s), 0 uplink(s)\n`)
  })

  it('fails with the configuration error that ends in exit code 78', async () => {
    const file = directory.write('ward.yaml', GOOD.replace('gateway', 'gatway'))
    await expect(check(file)).rejects.toMatchObject({ code: 'WG_CONFIG', context: { faults: 2 } })
    expect(printed).toBe('')
  })

  it('gives a program the faults with line and column', async () => {
    const file = directory.write('ward.yaml', GOOD.replace('8883', '1883'))
    await expect(check(file, '--json')).rejects.toMatchObject({ code: 'WG_CONFIG' })
    expect(JSON.parse(printed)).toEqual({
      file,
      ok: false,
      faults: [
        {
          where: `${file}:3:46`,
          line: 3,
          column: 46,
          message: expect.stringMatching(/^broker.listen\[0\].port: 1883/),
        },
      ],
    })
  })

  it('tells a program that the file is good', async () => {
    const file = directory.write('ward.yaml', GOOD)
    await check(file, '--json')
    expect(JSON.parse(printed)).toEqual({ file, ok: true, faults: [] })
  })
})
