/** What a device indicates, kept until somebody has confirmed it, oldest first. */

export interface KeptIndications {
  add(bytes: Uint8Array): void
}

// A simple device keeps a few dozen measurements; then the oldest are lost.
const MOST_KEPT = 64

export function createKeptIndications(indicate: (bytes: Uint8Array) => Promise<boolean>): KeptIndications {
  let kept: readonly Uint8Array[] = []
  let isSending = false

  const sendAll = async (): Promise<void> => {
    if (isSending) return
    isSending = true
    for (let next = kept[0]; next !== undefined; next = kept[0]) {
      const isTaken = await indicate(next)
      if (!isTaken) break
      kept = kept.slice(1)
    }
    isSending = false
  }

  return {
    add(bytes) {
      kept = [...kept, bytes].slice(-MOST_KEPT)
      void sendAll()
    },
  }
}
