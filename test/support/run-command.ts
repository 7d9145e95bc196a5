import { jest } from '@jest/globals'
import type { Command } from 'commander'

/** Runs a command with its output caught; nothing of commander reaches the terminal. */
export async function runCommand(command: Command, args: readonly string[]): Promise<string> {
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined })
  const written: string[] = []
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text))
    return true
  })
  try {
    await command.parseAsync(args, { from: 'user' })
  } finally {
    stdout.mockRestore()
  }
  return written.join('')
}
