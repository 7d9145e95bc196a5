/** Asks at a terminal without showing what is typed. */

import { StringDecoder } from 'node:string_decoder'
import { UsageError } from '../gateway/errors.ts'

/** The part of a terminal that is needed; process.stdin is one. */
export interface TerminalInput {
  setRawMode(isRaw: boolean): unknown
  on(event: 'data', listener: (bytes: Buffer) => void): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'data', listener: (bytes: Buffer) => void): unknown
  off(event: 'end', listener: () => void): unknown
  resume(): unknown
  pause(): unknown
}

export interface HiddenPrompt {
  /** The line that was typed; throws when the person gives up. */
  ask(question: string): Promise<string>
  close(): void
}

const LONGEST_LINE = 4096
// What a terminal in raw mode no longer does by itself (termios(3): INTR, EOF, ERASE, KILL).
const GIVE_UP = new Set(['\u0003', '\u0004'])
const ERASE = new Set(['\u007f', '\b'])
const KILL = '\u0015'
const ENTER = new Set(['\r', '\n'])

export function openHiddenPrompt(input: TerminalInput, say: (text: string) => void): HiddenPrompt {
  const decoder = new StringDecoder('utf8')
  let typed: string[] = []
  let line = ''
  let take: ((answer: string | undefined) => void) | undefined

  const readOn = (): void => {
    for (;;) {
      // What was typed ahead belongs to the next question.
      const key = take === undefined ? undefined : typed.shift()
      if (key === undefined) return
      if (ENTER.has(key)) settle(line)
      else if (GIVE_UP.has(key)) settle(undefined)
      else if (ERASE.has(key)) line = Array.from(line).slice(0, -1).join('')
      else if (key === KILL) line = ''
      else if (line.length < LONGEST_LINE) line += key
    }
  }
  const settle = (answer: string | undefined): void => {
    const told = take
    take = undefined
    line = ''
    say('\n')
    told?.(answer)
  }
  const onData = (bytes: Buffer): void => {
    typed = [...typed, ...Array.from(decoder.write(bytes))]
    readOn()
  }
  const onEnd = (): void => {
    if (take !== undefined) settle(undefined)
  }
  input.setRawMode(true)
  input.on('data', onData)
  input.on('end', onEnd)
  input.resume()
  return {
    async ask(question) {
      say(question)
      const answer = await new Promise<string | undefined>((resolve) => {
        take = resolve
        readOn()
      })
      if (answer === undefined) throw new UsageError('given up: nothing was changed')
      return answer
    },
    close() {
      input.off('data', onData)
      input.off('end', onEnd)
      input.setRawMode(false)
      input.pause()
    },
  }
}
