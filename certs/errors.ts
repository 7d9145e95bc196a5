/** A certificate, key or store that cannot be issued, read or trusted. Same form as the gateway's errors. */
export class CertificateError extends Error {
  readonly code = 'WG_CERTIFICATE'
  readonly context: Readonly<Record<string, string | number | boolean | undefined>>

  constructor(message: string, context: CertificateError['context'] = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CertificateError'
    this.context = context
  }
}
