/** One broker of bench:broker in a process of its own: the product's module under the rules of the lab, or a bare Aedes. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { Aedes } from 'aedes'
import { startBroker } from '../gateway/broker/aedes-broker.ts'
import { systemClock } from '../gateway/clock.ts'
import { Journal } from '../gateway/journal/journal.ts'
import { silentLog } from '../gateway/log.ts'
import type { BrokerRules } from '../gateway/ports.ts'
import { newcomerWins } from '../gateway/security/contest.ts'
import { identityOf } from '../gateway/security/identify.ts'
import type { Material } from './bench-ward.ts'
import { answerParent, cpuMs } from './worker.ts'

const events = { emit: () => undefined }

/** Any client, any topic: what is compared is the broker, not the rules of a ward. */
const rules: BrokerRules = {
  mayConnect: () => ({ allowed: true }),
  mayPublish: () => ({ allowed: true }),
  maySubscribe: () => ({ allowed: true }),
  mayReceive: () => ({ allowed: true }),
  admit: async (_identity, message) => ({ instead: message, also: [] }),
}

async function startOurs(material: Material): Promise<number> {
  // In the directory of the sources, not in /tmp, which may be memory: the price of the disk belongs to it.
  const place = mkdtempSync(join(process.env['WARDGATE_BENCH_DIR'] ?? tmpdir(), 'wardgate-bench-'))
  process.on('exit', () => rmSync(place, { recursive: true, force: true }))
  const broker = await startBroker({
    id: 'bench',
    journal: Journal.open({
      directory: join(place, 'journal'),
      keyFile: join(place, 'journal.key'),
      clock: systemClock,
      log: silentLog,
      events,
    }),
    listen: [{ host: '127.0.0.1', port: 0 }],
    material,
    identify: (certificate) => ({
      kind: 'identified',
      identity: { ...identityOf(certificate, 'operator', 'bench'), fingerprint: 'bench' },
    }),
    standingOf: () => 'good',
    contest: newcomerWins,
    rules,
    events,
    counters: { count: () => undefined, observeLatencyMs: () => undefined },
    clock: systemClock,
    log: silentLog,
  })
  return broker.addresses[0]?.port ?? 0
}

async function startBareAedes({ key, cert, ca }: Material): Promise<number> {
  const aedes = await Aedes.createBroker()
  const server = createServer(
    { key, cert, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
    (socket) => aedes.handle(socket),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

answerParent({
  start: ({ kind, material }: { kind: 'ours' | 'aedes'; material: Material }) =>
    kind === 'ours' ? startOurs(material) : startBareAedes(material),
  cpuMs,
  collect: () => globalThis.gc?.(),
  pid: () => process.pid,
})
