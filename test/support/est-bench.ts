/** The enrolment routes over a fresh store, without HTTP: requests in, answers and events out. */

import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto'
import { buildCsr } from '../../certs/csr.ts'
import { openEnrolment } from '../../certs/enrolment.ts'
import { readCertificates } from '../../certs/pkcs7.ts'
import { CLIENT_ROLES, type ClientRole } from '../../certs/profile.ts'
import { initStore } from '../../certs/store.ts'
import { createEstRoutes } from '../../gateway/web/est-routes.ts'
import type { WebClient, WebResponse } from '../../gateway/web/route.ts'
import { FakeClock } from './fake-clock.ts'
import { believed } from './fake-time.ts'
import { RecordingEvents } from './recording-sinks.ts'
import { identifyIn } from './store-identify.ts'
import { tempDir } from './temp-dir.ts'

const EST_SITE = 'ward.test'
const ADDRESS = '10.0.0.7:40000'

export interface EstAsk {
  readonly user?: string
  readonly code?: string
  readonly der?: Uint8Array
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly certificate?: X509Certificate
}

export interface KeyOwner {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export function createEstBench() {
  const state = tempDir()
  const clock = new FakeClock()
  const store = initStore({
    stateDir: state.path,
    site: EST_SITE,
    serverNames: ['localhost'],
    nowMs: clock.nowMs(),
  })
  const enrolment = openEnrolment(state.path)
  const events = new RecordingEvents()
  const unlisted = new Set<string>()
  const time: { standing: 'trusted' | 'implausible'; nowMs(): number } = {
    standing: 'trusted',
    nowMs: () => clock.nowMs(),
  }
  const isListed = (role: ClientRole, id: string) => !unlisted.has(`${role}/${id}`)
  const routes = createEstRoutes({ store, enrolment, isListed, events, time })
  const identify = identifyIn(store, believed(clock))

  const clientOf = (x509: X509Certificate | undefined): WebClient => {
    const judged = x509 === undefined ? undefined : identify(x509)
    const certificate =
      x509 !== undefined && judged?.kind === 'identified' ? { identity: judged.identity, x509 } : undefined
    return { address: ADDRESS, certificate, person: undefined }
  }

  return {
    clock,
    store,
    enrolment,
    events,
    unlisted,
    time,
    routes,
    stateDir: state.path,
    remove: () => state.remove(),
    async ask(
      operation: string,
      { user, code, der, body, headers, certificate }: EstAsk = {},
    ): Promise<WebResponse> {
      const route = routes.find(({ path }) => path.endsWith(`/${operation}`))
      if (route === undefined) throw new Error(`no route ${operation}`)
      const basic = Buffer.from(`${user ?? ''}:${code ?? ''}`).toString('base64')
      return route.handle({
        method: route.method,
        path: route.path,
        query: new URLSearchParams(),
        headers: {
          'content-type': 'application/pkcs10',
          ...(user === undefined ? {} : { authorization: `Basic ${basic}` }),
          ...headers,
        },
        body: Buffer.from(body ?? Buffer.from(der ?? []).toString('base64')),
        client: clientOf(certificate),
      })
    },
    /** The reasons of all refusals so far, in order. */
    reasons: () => events.named('enrolment-refused').map(({ reason }) => reason),
  }
}

export function newOwner(): KeyOwner {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

/** The request of an identity written `role/id`. */
export function requestOf(identity: string, owner: KeyOwner, site = EST_SITE): Uint8Array {
  const [name, id = ''] = identity.split('/')
  const role = CLIENT_ROLES.find((known) => known === name) ?? 'device'
  return buildCsr({ site, role, id, ...owner })
}

/** The certificates of an answer; none when it holds none. */
export function certificatesIn({ body }: WebResponse): readonly X509Certificate[] {
  const reading = readCertificates(Buffer.from(String(body ?? ''), 'base64'))
  return reading.kind === 'read' ? reading.certificates : []
}
