/** `wardgate run`: the gateway as its configuration says. SIGTERM drains and stops, SIGHUP reads state and certificates again. */

import { Command } from 'commander'
import { systemClock, systemUptime } from '../gateway/clock.ts'
import { loadConfig } from '../gateway/config/load-config.ts'
import { errorMessage } from '../gateway/errors.ts'
import { createLog } from '../gateway/log.ts'
import { startGateway } from '../gateway/main.ts'
import { software } from './software.ts'
import { stopSignal } from './stop-signal.ts'

export function runCommand(): Command {
  return new Command('run')
    .description('the gateway: ward part, bedside part or both, as configured')
    .requiredOption('--config <file>', 'YAML configuration; see docs/configuration.md')
    .action(async ({ config: file }: { readonly config: string }) => {
      const config = loadConfig(file)
      const log = createLog(config.log.level)
      const gateway = await startGateway(config, {
        software: software.version,
        clock: systemClock,
        uptime: systemUptime,
        log,
      })
      const reload = (): void => {
        gateway.reload().catch((error: unknown) => {
          log.error('not-reloaded', { reason: errorMessage(error) })
        })
      }
      process.on('SIGHUP', reload)
      for (const { host, port } of gateway.addresses)
        log.info('listening', { url: `mqtts://${host}:${port}` })
      for (const { host, port } of gateway.webAddresses)
        log.info('listening', { url: `https://${host}:${port}` })
      await stopSignal(systemClock)
      process.off('SIGHUP', reload)
      await gateway.stop()
    })
}
