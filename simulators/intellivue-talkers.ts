/** The two doors of a simulated IntelliVue: frames on a serial line, datagrams on a network. */

import { createStreamDriver } from '../devices/framing/parse-stream.ts'
import { encodeFrame, FrameGrammar } from '../devices/intellivue/mib-frame.ts'
import { createIntellivueMonitor } from './intellivue-monitor.ts'
import type { Talker, TalkerOptions } from './talker.ts'

export function createIntellivueLan(options: TalkerOptions): Talker {
  return createIntellivueMonitor(options)
}

export function createIntellivueSerial(options: TalkerOptions): Talker {
  const monitor = createIntellivueMonitor(options)
  const grammar = new FrameGrammar()
  let heard: Uint8Array[] = []
  // The same reading of frames as in the driver: a frame that is damaged is not heard.
  const frames = createStreamDriver(grammar, () => {
    grammar.reset()
    return (userData) => {
      heard.push(userData.slice())
      return []
    }
  })
  const framed = (messages: readonly Uint8Array[] = []): readonly Uint8Array[] => messages.map(encodeFrame)
  return {
    show: (due, atMs) => framed(monitor.show(due, atMs)),
    hear(bytes, atMs) {
      heard = []
      frames.receive({ kind: 'bytes', bytes }, atMs)
      return framed(heard.flatMap((userData) => [...monitor.hear(userData, atMs)]))
    },
    connected(atMs) {
      frames.receive({ kind: 'opened' }, atMs)
      return framed(monitor.connected?.(atMs))
    },
    tick: (atMs) => framed(monitor.tick?.(atMs)),
    get wakeAtMs() {
      return monitor.wakeAtMs
    },
  }
}
