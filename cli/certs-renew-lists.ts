/** `wardgate certs renew crl`: all lists whose keys can be had. */

import { CertificateError } from '../certs/errors.ts'
import type { CertificateStore } from '../certs/store.ts'
import { print } from './certs-options.ts'

export function renewLists({
  store,
  nowMs,
  options,
}: {
  readonly store: CertificateStore
  readonly nowMs: number
  readonly options: { readonly offlineRoot?: string; readonly json?: boolean }
}): void {
  const refresh = store.refreshCrl(nowMs, options.offlineRoot)
  const renewed = refresh.renewed.map(({ role, serial }) => `renewed      ${role} ${serial}`)
  const kept = refresh.notRenewed.map(
    ({ role, serial, nextUpdateMs }) =>
      `not renewed  ${role} ${serial}: ${nextUpdateMs === undefined ? 'there is none' : `good until ${new Date(nextUpdateMs).toISOString()}`}`,
  )
  print(options.json, refresh, [...renewed, ...kept].join('\n'))
  const due = refresh.notRenewed.find(({ isDue }) => isDue)
  // Whoever gave a directory for the root wanted its list renewed.
  const wanted = due ?? (options.offlineRoot === undefined ? undefined : refresh.notRenewed[0])
  if (wanted !== undefined)
    throw new CertificateError(wanted.advice, { role: wanted.role, serial: wanted.serial })
}
