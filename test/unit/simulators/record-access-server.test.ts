import { describe, expect, it } from '@jest/globals'
import { createRecordAccessServer } from '../../../simulators/record-access-server.ts'
import { bytesOf, hexOf } from '../../support/fake-peer.ts'

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function ask(hex: string, numbers: readonly number[] = [1, 2, 5]): Promise<readonly string[]> {
  const said: string[] = []
  const records = numbers.map((number) => ({ number, send: () => said.push(String(number)) > 0 }))
  const server = createRecordAccessServer(
    () => records,
    (bytes) => Promise.resolve(said.push(hexOf(bytes)) > 0),
  )
  const refused = server.write(bytesOf(hex))
  await settled()
  return refused === undefined ? said : [...said, `refused ${refused}`]
}

describe('a simulated device that is asked for records', () => {
  it.each([
    ['0101', ['1', '2', '5', '06000101']],
    ['0103010200', ['2', '5', '06000101']],
    ['0102010200', ['1', '2', '06000101']],
    ['01040102000500', ['2', '5', '06000101']],
    ['0105', ['1', '06000101']],
    ['0106', ['5', '06000101']],
    ['0103010600', ['06000106']],
    ['0401', ['05000300']],
    ['0300', ['06000301']],
  ])('%s', async (hex, said) => {
    expect(await ask(hex)).toEqual(said)
  })

  it.each([
    ['01040105000200', ['06000105']],
    ['0103020200', ['06000109']],
    ['01030102', ['06000105']],
    ['0109', ['06000104']],
    ['0100', ['06000103']],
    ['0201', ['06000202']],
    ['0901', ['06000902']],
  ])('refuses %s', async (hex, said) => {
    expect(await ask(hex)).toEqual(said)
  })

  it('takes nothing but an abort while it reports, and then reports no further', async () => {
    const said: string[] = []
    let release = (): void => undefined
    const first = new Promise<boolean>((resolve) => {
      release = () => resolve(true)
    })
    const server = createRecordAccessServer(
      () => [
        { number: 1, send: () => first },
        { number: 2, send: () => said.push('2') > 0 },
      ],
      (bytes) => Promise.resolve(said.push(hexOf(bytes)) > 0),
    )
    server.write(bytesOf('0101'))
    expect(server.write(bytesOf('0101'))).toBe(0xfe)
    expect(server.write(bytesOf('0300'))).toBeUndefined()
    release()
    await settled()
    expect(said).toEqual(['06000301'])
  })
})
