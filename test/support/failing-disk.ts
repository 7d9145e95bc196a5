/** A segment file over the real one, whose writes a test lets fail or holds back. */

import { openSegmentFile, type OpenSegmentFile } from '../../gateway/journal/segment-file.ts'

export class FailingDisk {
  /** The code that the next writes end with, first to last. */
  readonly faults: string[] = []
  /** Writes half of the bytes before it fails. */
  isTorn = false
  writeCount = 0
  #gate: Promise<void> | undefined

  readonly open: OpenSegmentFile = async (path) => {
    const file = await openSegmentFile(path)
    return {
      write: async (bytes) => {
        await this.#gate
        this.writeCount += 1
        const code = this.faults.shift()
        if (code === undefined) {
          await file.write(bytes)
          return
        }
        if (this.isTorn) await file.write(bytes.subarray(0, Math.floor(bytes.length / 2)))
        throw Object.assign(new Error(code), { code })
      },
      close: () => file.close(),
    }
  }

  /** Holds every write back until the returned function is called. */
  hold(): () => void {
    let release: () => void = () => undefined
    this.#gate = new Promise((resolve) => {
      release = resolve
    })
    return () => {
      this.#gate = undefined
      release()
    }
  }
}
