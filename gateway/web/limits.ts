/** What a client of the HTTPS side may cost before anybody knows who it is. */

export interface WebLimits {
  /** From the first byte of TCP to the end of the TLS handshake. */
  readonly handshakeMs: number
  /** From the end of the handshake, or the first byte of a later request, to the end of its headers. */
  readonly headersMs: number
  /** To the end of the request with its body. */
  readonly requestMs: number
  /** For the gateway's own answer. */
  readonly answerMs: number
  /** Between an answer and the next request. */
  readonly keepAliveMs: number
  /** Without a byte in either direction, whatever is under way. */
  readonly idleMs: number
  /** How often the two first deadlines are looked at. */
  readonly checkMs: number
  readonly requestsPerConnection: number
  /** Request line and headers together. */
  readonly headerBytes: number
  readonly connections: number
  /** One MQTT packet over WebSocket; a frame may hold as much. */
  readonly packetBytes: number
  /** Until everything is closed after stop(). */
  readonly stopMs: number
}

export const WEB_LIMITS: WebLimits = {
  handshakeMs: 10_000,
  headersMs: 10_000,
  requestMs: 20_000,
  answerMs: 20_000,
  keepAliveMs: 10_000,
  idleMs: 60_000,
  checkMs: 1_000,
  requestsPerConnection: 100,
  headerBytes: 8 * 1024,
  connections: 512,
  packetBytes: 256 * 1024,
  stopMs: 2_000,
}
