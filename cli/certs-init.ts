/** `wardgate certs init`: a new store, with the key of its root in it or on a medium of its own. */

import { hostname } from 'node:os'
import { Command } from 'commander'
import { readHostName } from '../certs/host-name.ts'
import { initStore } from '../certs/store.ts'
import { systemClock } from '../gateway/clock.ts'
import { collect, refuseEmpty } from './certs-options.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface InitOptions {
  readonly state: string
  readonly site: string
  readonly name: readonly string[]
  readonly offlineRoot?: string
}

const DEFAULT_SITE = 'wardgate'
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

export function initCommand(): Command {
  return new Command('init')
    .description('make the authorities and the server certificate; refuses where there is a store')
    .option('--state <dir>', 'state directory', DEFAULT_STATE_DIR)
    .option('--site <name>', 'site: the trust domain of every identity', DEFAULT_SITE)
    .option(
      '--name <dns-or-ip>',
      "name that clients dial; repeatable (default: loopback and this machine's name)",
      collect,
      [],
    )
    .option(
      '--offline-root <dir>',
      'directory on a medium that takes the key of the root instead of the store',
    )
    .action(init)
}

function init({ state, site, name, offlineRoot }: InitOptions): void {
  refuseEmpty('--offline-root', offlineRoot)
  const serverNames = name.length > 0 ? name : defaultNames()
  initStore({ stateDir: state, site, serverNames, nowMs: systemClock.nowMs(), offlineRootDir: offlineRoot })
  const kept =
    offlineRoot === undefined
      ? `keep ${state}/certs/ca in a safe backup: who has it can be anyone`
      : `the key of the root is in ${offlineRoot} alone: copy it to a second medium, take both away and lock them up`
  process.stdout.write(
    `certificate store made in ${state}/certs for site '${site}', server names ${serverNames.join(', ')}\n` +
      `clients trust ${state}/certs/ca.pem; ${kept}\n`,
  )
}

function defaultNames(): readonly string[] {
  const own = readHostName(hostname())
  return own.kind === 'refused' ? LOOPBACK_NAMES : [...new Set([...LOOPBACK_NAMES, own.name])]
}
