import { classifyAddress, type AddressKind } from '../uplink/address-class.ts'
import { finding, type Finding, type KeyPath } from './fault.ts'

/** What a listener may bind; a public address never. */
export const BINDABLE: readonly AddressKind[] = ['loopback', 'private', 'unspecified']

export function checkAddress(
  path: KeyPath,
  host: string,
  allowed: readonly AddressKind[],
): readonly Finding[] {
  const { kind, embedding } = classifyAddress(host)
  if (embedding === undefined && allowed.includes(kind)) return []
  if (kind === 'invalid') return [finding(path, `'${host}' is not an IP address; write one, e.g. 127.0.0.1`)]
  return [
    finding(path, `${host} is ${embedding ?? kind}; only ${allowed.join(', ')} addresses may stand here`),
  ]
}
