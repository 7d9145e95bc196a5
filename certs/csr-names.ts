/** What a certificate request says about its owner. All of it is a claim: it is compared, it never decides. */

import { contextTag, itemsOf, readOne, TAG, type Element } from './der-bytes.ts'
import { identityUri, type Identity } from './identity-uri.ts'

export interface ClaimedNames {
  readonly subjectCommonName?: string
  readonly sanUris: readonly string[]
  readonly challengePassword?: string
}

interface Attribute {
  readonly oid: string
  readonly values: readonly Element[]
}

// Content of the OBJECT IDENTIFIERs 2.5.4.3, 1.2.840.113549.1.9.14, 1.2.840.113549.1.9.7 and 2.5.29.17.
export const COMMON_NAME_OID = Buffer.from('550403', 'hex')
export const EXTENSION_REQUEST_OID = Buffer.from('2a864886f70d01090e', 'hex')
export const SUBJECT_ALT_NAME_OID = Buffer.from('551d11', 'hex')
const CHALLENGE_PASSWORD_OID = Buffer.from('2a864886f70d010907', 'hex')
/** GeneralName uniformResourceIdentifier [6], primitive (RFC 5280 4.2.1.6). */
export const URI_TAG = 0x86

const TEXT_TAGS: Readonly<Record<number, 'utf8' | 'latin1'>> = {
  [TAG.utf8String]: 'utf8',
  [TAG.printableString]: 'latin1',
  [TAG.ia5String]: 'latin1',
  [TAG.teletexString]: 'latin1',
}
const LONGEST_TEXT_BYTES = 512

/** The names, or what is wrong with how they are written. */
export function readNames(subject: Element, attributes: Element): ClaimedNames | string {
  const relative = itemsOf(subject, TAG.sequence)?.map((set) => attributesOf(set))
  if (relative === undefined || relative.some((each) => each === undefined)) return 'its subject is malformed'
  const commonNames = relative.flatMap((each) => each ?? []).filter(({ oid }) => oid === hex(COMMON_NAME_OID))
  // Two names are one for the reader and another for the machine.
  if (commonNames.length > 1) return 'its subject has more than one common name'
  const named = textOf(commonNames[0])
  const asked = itemsOf(attributes, contextTag(0))?.map((each) => attributeOf(each, TAG.set))
  if (asked === undefined) return 'its attributes are malformed'
  const known = asked.filter((each) => each !== undefined)
  if (known.length < asked.length) return 'its attributes are malformed'
  if (new Set(known.map(({ oid }) => oid)).size < known.length) return 'an attribute is given twice'
  const uris = readUris(valueOf(known, EXTENSION_REQUEST_OID))
  const challenge = textOf(known.find(({ oid }) => oid === hex(CHALLENGE_PASSWORD_OID)))
  if (uris === undefined) return 'its requested extensions are malformed'
  if (named === false || challenge === false) return 'one of its texts is malformed'
  return {
    ...(named === undefined ? {} : { subjectCommonName: named }),
    sanUris: uris,
    ...(challenge === undefined ? {} : { challengePassword: challenge }),
  }
}

/** Which name of the request is another's, or undefined. A request may leave all names out. */
export function otherNameThan(identity: Identity, names: ClaimedNames): string | undefined {
  const { subjectCommonName, sanUris } = names
  if (subjectCommonName !== undefined && subjectCommonName !== identity.id) return subjectCommonName
  return sanUris.find((uri) => uri !== identityUri(identity))
}

/** A RelativeDistinguishedName: a set of type and value. */
function attributesOf(set: Element): readonly Attribute[] | undefined {
  const pairs = itemsOf(set, TAG.set)?.map((pair) => {
    const [oid, value, ...rest] = itemsOf(pair, TAG.sequence) ?? []
    return oid?.tag === TAG.objectId && value !== undefined && rest.length === 0
      ? { oid: hex(oid.content), values: [value] }
      : undefined
  })
  const whole = pairs?.filter((pair) => pair !== undefined)
  return whole === undefined || whole.length === 0 || whole.length !== pairs?.length ? undefined : whole
}

function attributeOf(element: Element, valuesTag: number): Attribute | undefined {
  const [oid, values, ...rest] = itemsOf(element, TAG.sequence) ?? []
  const list = itemsOf(values, valuesTag)
  if (oid?.tag !== TAG.objectId || list === undefined || list.length === 0 || rest.length > 0)
    return undefined
  return { oid: hex(oid.content), values: list }
}

/** The URIs of the requested subject alternative name; undefined when it cannot be read. */
function readUris(request: Element | 'absent' | undefined): readonly string[] | undefined {
  if (request === 'absent') return []
  const extensions = itemsOf(request, TAG.sequence)?.map((each) => itemsOf(each, TAG.sequence))
  if (extensions === undefined) return undefined
  const found = extensions.filter((fields) => isOid(fields?.[0], SUBJECT_ALT_NAME_OID))
  if (found.length === 0) return []
  const value = found[0]?.at(-1)
  if (found.length > 1 || value?.tag !== TAG.octetString) return undefined
  const names = itemsOf(readOne(value.content, TAG.sequence), TAG.sequence)
  const uris = names?.filter(({ tag }) => tag === URI_TAG).map(({ content }) => asText(content, 'latin1'))
  return uris?.every((uri) => uri !== undefined) === true ? uris : undefined
}

/** The single value of an attribute that may be absent; undefined when there are several. */
function valueOf(attributes: readonly Attribute[], oid: Uint8Array): Element | 'absent' | undefined {
  const attribute = attributes.find((each) => each.oid === hex(oid))
  if (attribute === undefined) return 'absent'
  return attribute.values.length === 1 ? attribute.values[0] : undefined
}

/** The text of an attribute, undefined without attribute, false when it cannot be read. */
function textOf(attribute: Attribute | undefined): string | false | undefined {
  if (attribute === undefined) return undefined
  const [value, ...rest] = attribute.values
  const encoding = TEXT_TAGS[value?.tag ?? 0]
  if (value === undefined || rest.length > 0 || encoding === undefined) return false
  return asText(value.content, encoding) ?? false
}

function asText(bytes: Uint8Array, encoding: 'utf8' | 'latin1'): string | undefined {
  if (bytes.length > LONGEST_TEXT_BYTES) return undefined
  const text = Buffer.from(bytes).toString(encoding)
  // Ill-formed UTF-8 does not survive the way back; control characters would forge lines of a log.
  return Buffer.from(text, encoding).equals(bytes) && !/\p{Cc}/u.test(text) ? text : undefined
}

function isOid(element: Element | undefined, oid: Uint8Array): boolean {
  return element?.tag === TAG.objectId && Buffer.compare(element.content, oid) === 0
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
