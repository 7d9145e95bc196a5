import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CrashRig } from '../support/crash-rig.ts'
import { seededRandom } from '../support/conformance/damage.ts'
import { tempDir } from '../support/temp-dir.ts'

/** `npm run crash -- --kills 500` for the long form. */
const KILLS = Number(process.env['WARDGATE_KILLS'] ?? 5)
/** Publishers that wait for each acknowledgement: what they send has one order. */
const ONE_BY_ONE = 4
const IN_BULK = 6
const WINDOW = 10

let dir: ReturnType<typeof tempDir>
let rig: CrashRig

beforeAll(async () => {
  dir = tempDir()
  rig = new CrashRig(dir.path)
  await rig.start()
  await rig.connectSubscriber()
  await rig.startPublishers(ONE_BY_ONE, 1)
  await rig.startPublishers(IN_BULK, WINDOW)
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
      for (let publisher = 0; publisher < ONE_BY_ONE; publisher += 1) {
        const numbers = rig.firstArrivals(publisher)
        expect(numbers.length).toBeGreaterThan(0)
        expect(numbers).toEqual(numbers.toSorted((x, y) => x - y))
      }
      // The stop of an operator loses nothing either, and ends in time.
      expect(await rig.stop()).toBe(0)
    },
    KILLS * 20_000,
  )
})
