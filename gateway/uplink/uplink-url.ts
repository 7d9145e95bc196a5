/**
 * Reads an uplink URL by a grammar of its own. A general URL parser repairs what it is given (0177.0.0.1 becomes
 * 127.0.0.1, tabs vanish, full-width digits become digits), and what was checked is then not what was written.
 */

import { isIPv4, isIPv6 } from 'node:net'
import type { UplinkRefusal } from './refusals.ts'

/** The protocols that go out: MQTT for readings, HTTPS for enrolment. A caller names the one it speaks. */
export type UplinkScheme = 'mqtts' | 'https'

const SCHEMES: Readonly<Record<UplinkScheme, { readonly port: number; readonly meaning: string }>> = {
  mqtts: { port: 8883, meaning: 'MQTT over TLS' },
  https: { port: 8443, meaning: 'HTTP over TLS' },
}

/** Where an uplink URL points. */
export interface UplinkTarget {
  readonly host: string
  readonly port: number
  /** The host is an address, so there is no name to resolve. */
  readonly isAddress: boolean
}

export type UrlReading =
  | { readonly allowed: true; readonly target: UplinkTarget }
  | { readonly allowed: false; readonly reason: UplinkRefusal; readonly detail: string }

const PLAINTEXT_SCHEMES: ReadonlySet<string> = new Set(['mqtt', 'ws', 'http', 'tcp'])
// RFC 1035: labels of 1 to 63 characters, 253 in all; the underscore occurs in hospital domains.
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i
const LONGEST_NAME = 253

export function readUplinkUrl(url: string, wanted: UplinkScheme = 'mqtts'): UrlReading {
  const expected = `write ${wanted}://HOST or ${wanted}://HOST:PORT`
  if (!/^[\x21-\x7e]+$/.test(url) || url.includes('\\'))
    return refuse(
      'invalid-url',
      'the URL holds a blank, a control character, a backslash or a letter outside ASCII',
    )
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) return refuse('invalid-url', `there is no scheme; ${expected}`)
  if (PLAINTEXT_SCHEMES.has(scheme))
    return refuse('plaintext-scheme', `${scheme}:// is not encrypted; ${expected}`)
  if (scheme !== wanted)
    return refuse('unsupported-scheme', `${scheme}: is not ${SCHEMES[wanted].meaning}; ${expected}`)
  const parts = /^[a-z]+:\/\/([^/?#]*)(.*)$/i.exec(url)
  if (parts === null) return refuse('invalid-url', `'//' is missing after the scheme; ${expected}`)
  const [, authority = '', rest = ''] = parts
  if (authority.includes('@'))
    return refuse(
      'credentials-in-url',
      'a user or password stands in the URL; the certificate is the identity',
    )
  if (rest !== '' && rest !== '/')
    return refuse('invalid-url', `nothing may follow host and port; ${expected}`)
  return readAuthority(authority, SCHEMES[wanted].port, expected)
}

function readAuthority(authority: string, defaultPort: number, expected: string): UrlReading {
  const parts = /^(\[[^[\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(authority)
  if (parts === null) return refuse('invalid-url', `host or port cannot be read; ${expected}`)
  const [, host = '', portText] = parts
  const port = portText === undefined ? defaultPort : Number(portText)
  if (port < 1 || port > 65_535) return refuse('invalid-url', `${port} is not a TCP port; ${expected}`)
  return host.startsWith('[') ? readIpv6(host.slice(1, -1), port) : readName(host, port)
}

function readIpv6(host: string, port: number): UrlReading {
  if (!isIPv6(host) || host.includes('%'))
    return refuse('invalid-url', `[${host}] is not an IPv6 address without a zone`)
  return { allowed: true, target: { host, port, isAddress: true } }
}

function readName(host: string, port: number): UrlReading {
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  const labels = name.split('.')
  // The resolver takes a name whose last label is a number for an IPv4 address in one of its seven spellings.
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '')) {
    if (!isIPv4(host))
      return refuse(
        'ambiguous-address',
        `'${host}' can be read as more than one address; write four decimal numbers`,
      )
    return { allowed: true, target: { host, port, isAddress: true } }
  }
  if (name.length > LONGEST_NAME || !labels.every((label) => LABEL.test(label)))
    return refuse('invalid-url', `'${host}' is not a host name`)
  return { allowed: true, target: { host: name, port, isAddress: false } }
}

function refuse(reason: UplinkRefusal, detail: string): UrlReading {
  return { allowed: false, reason, detail }
}
