import { describe, expect, it } from '@jest/globals'
import { PassThrough } from 'node:stream'
import { readNewPassword } from '../../../cli/users-password.ts'
import type { TerminalInput } from '../../../cli/users-prompt.ts'

/** A terminal that is typed on; what it shows, and in which mode it was left. */
function terminal() {
  const keys = new PassThrough()
  const shown: string[] = []
  const modes: boolean[] = []
  const input: TerminalInput = Object.assign(keys, {
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
  })
  return {
    type: (text: string | Buffer) => void keys.write(text),
    hangUp: () => void keys.end(),
    ask: async () =>
      readNewPassword('anna', {}, { stdin: keys, terminal: input, say: (text) => void shown.push(text) }),
    shown: () => shown.join(''),
    modes,
  }
}

const RIGHT = 'correct horse battery'

describe('a password that is typed', () => {
  it('is asked for twice and never shown', async () => {
    const { ask, type, shown, modes } = terminal()
    const asking = ask()
    type(`${RIGHT}\r`)
    type(`${RIGHT}\r`)
    expect(await asking).toBe(RIGHT)
    expect(shown()).toBe('new password for anna: \nonce more: \n')
    expect(modes).toEqual([true, false])
  })

  it('can be corrected, and may arrive in any pieces', async () => {
    const { ask, type } = terminal()
    const asking = ask()
    const bytes = Buffer.from('nonsense\u0015correct hörsx\u007fe batteréé\b\r')
    for (const byte of bytes) type(Buffer.from([byte]))
    type('correct hörse batteré\n')
    expect(await asking).toBe('correct hörse batteré')
  })

  it('is asked for again when the two differ, or when it breaks the rule', async () => {
    const { ask, type, shown } = terminal()
    const asking = ask()
    type(`short\r${RIGHT}\rcorrect horse batterY\r${RIGHT}\r${RIGHT}\r`)
    expect(await asking).toBe(RIGHT)
    expect(shown()).toContain('not taken: it has 5 characters')
    expect(shown()).toContain('not taken: the two are not the same')
  })

  it('is asked for three times at most', async () => {
    const { ask, type, modes } = terminal()
    const asking = ask()
    type('a\rb\rc\r')
    await expect(asking).rejects.toThrow('no password was taken: nothing was changed')
    expect(modes).toEqual([true, false])
  })

  it.each([
    { name: 'Ctrl-C', keys: 'abc\u0003' },
    { name: 'Ctrl-D', keys: '\u0004' },
  ])('is given up with $name, and the terminal is left as it was', async ({ keys }) => {
    const { ask, type, modes } = terminal()
    const asking = ask()
    type(keys)
    await expect(asking).rejects.toThrow('given up: nothing was changed')
    expect(modes).toEqual([true, false])
  })

  it('is given up when the terminal goes away', async () => {
    const { ask, hangUp } = terminal()
    const asking = ask()
    hangUp()
    await expect(asking).rejects.toThrow('given up')
  })
})
