import { jest } from '@jest/globals'
import { certsCommand, type CertsHooks } from '../../cli/certs.ts'

/** Runs `wardgate certs` with its output caught; nothing of commander reaches the terminal. */
export async function runCerts(options: readonly string[], hook: CertsHooks['afterIssue'] = () => undefined) {
  const issued: unknown[] = []
  const command = certsCommand({
    afterIssue(each) {
      issued.push(each)
      return hook(each)
    },
  })
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined })
  const written: string[] = []
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text))
    return true
  })
  try {
    await command.parseAsync(options, { from: 'user' })
  } finally {
    stdout.mockRestore()
  }
  return { output: written.join(''), issued }
}
