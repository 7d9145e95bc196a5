import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CrashRig } from '../support/crash-rig.ts'
import { seededRandom } from '../support/conformance/damage.ts'
import { tempDir } from '../support/temp-dir.ts'

/** `WARDGATE_KILLS=500 npx jest ...` for the long form. */
const KILLS = Number(process.env['WARDGATE_KILLS'] ?? 5)
const PUBLISHERS = 8
const WINDOW = 8

let dir: ReturnType<typeof tempDir>
let rig: CrashRig

beforeAll(async () => {
  dir = tempDir()
  rig = new CrashRig(dir.path)
  await rig.start()
  await rig.connectSubscriber()
  await rig.startPublishers(PUBLISHERS, WINDOW)
}, 120_000)

afterAll(async () => {
  rig.close()
  await rig.stop()
  dir.remove()
})

describe('a broker killed at any moment', () => {
  it(
    'has lost nothing that it had acknowledged, and the durable session gets it all in order',
    async () => {
      const random = seededRandom(20_260_920)
      for (let kill = 0; kill < KILLS; kill += 1) {
        const target = rig.acknowledgedCount + Math.floor(random() * 2_000)
        await rig.until(() => rig.acknowledgedCount >= target)
        await rig.kill()
        await rig.start()
      }
      await rig.finishPublishing()
      await rig.until(() => rig.missing().length === 0)
      const first = new Map<number, number[]>()
      const seen = new Set<string>()
      for (const { publisher, n } of rig.arrivals) {
        if (seen.has(`${publisher}/${n}`)) continue
        seen.add(`${publisher}/${n}`)
        first.set(publisher, [...(first.get(publisher) ?? []), n])
      }
      console.log(rig.acknowledgedCount, rig.arrivals.length, seen.size)
      expect(rig.missing()).toEqual([])
    },
    KILLS * 20_000,
  )
})
