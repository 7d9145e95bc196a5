import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { tempDir } from '../support/temp-dir.ts'

const root = join(import.meta.dirname, '..', '..')
const example = join(root, 'test', 'support', 'example-driver')

interface Ended {
  readonly code: unknown
  readonly output: string
}

/** As a third party calls it: from a folder of its own. */
async function conformance(cwd: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'scripts/conformance.mjs'), ...args], {
    cwd,
    env: { ...process.env, INIT_CWD: cwd, WARDGATE_NOISE_MB: '0.2' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await once(child, 'close')) as readonly unknown[]
  return { code, output: (await output).join('\n') }
}

describe('npm run conformance', () => {
  const dir = tempDir()
  const run = (driver: string): Promise<Ended> =>
    conformance(dir.path, '--driver', driver, '--vectors', './my-vectors', '--seconds', '1', '--seed', '7')
  let good: Ended
  let bad: Ended

  beforeAll(async () => {
    const source = readFileSync(join(example, 'tempo-one.ts'), 'utf8').replaceAll('../../../', `${root}/`)
    cpSync(join(example, 'vectors'), join(dir.path, 'my-vectors'), { recursive: true })
    writeFileSync(join(dir.path, 'my-driver.ts'), source)
    // Forgets the marker, and shows a patient of 6553.5 degrees.
    writeFileSync(join(dir.path, 'careless.ts'), source.replace('tenths === NO_PROBE', 'tenths < 0'))
    good = await run('./my-driver.ts')
    bad = await run('./careless.ts')
  }, 120_000)
  afterAll(() => {
    dir.remove()
  })

  it('passes a good driver outside of the checkout', () => {
    expect(good).toMatchObject({ code: 0, output: expect.stringContaining('0 failed') })
    expect(good.output).toContain('tempo-one survives changed bytes')
  })

  it('fails a careless one, and shows what it said', () => {
    expect(bad.code).toBe(1)
    expect(bad.output).toContain('6553.5')
  })

  it('says what is missing', async () => {
    expect(await conformance(dir.path, '--vectors', 'my-vectors')).toMatchObject({
      code: 2,
      output: expect.stringContaining('--driver is missing'),
    })
    expect(await conformance(dir.path, '--driver', 'none.ts', '--vectors', 'my-vectors')).toMatchObject({
      code: 2,
      output: expect.stringContaining('none.ts; check the path given as --driver'),
    })
  })
})
