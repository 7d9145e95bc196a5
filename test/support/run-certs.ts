import { certsCommand, type CertsHooks } from '../../cli/certs.ts'
import { runCommand } from './run-command.ts'

/** Runs `wardgate certs` with its output caught; nothing of commander reaches the terminal. */
export async function runCerts(options: readonly string[], hook: CertsHooks['afterIssue'] = () => undefined) {
  const issued: unknown[] = []
  const command = certsCommand({
    afterIssue(each) {
      issued.push(each)
      return hook(each)
    },
  })
  return { output: await runCommand(command, options), issued }
}
