/** Says what a broken rule of the schema means, in words and with what to write instead. */

import type { ErrorObject } from 'ajv'
import { about, type Fault, type KeyPath } from './fault.ts'
import { nearestWord } from './nearest-word.ts'
import type { YamlFile } from './yaml-file.ts'

type Details = Readonly<Record<string, unknown>>

/** What an explainer is told: the value in question, the schema it broke, and the rule's own details. */
interface Broken {
  readonly value: unknown
  readonly schema: Details
  readonly details: Details
}

const EXPLAINERS: Readonly<Record<string, (broken: Broken) => string>> = {
  type: ({ value, schema, details }) =>
    `${found(value)}, but this has to be ${kind(details['type'])}${instead(schema)}`,
  enum: ({ value, schema, details }) => oneOf(value, details['allowedValues'], schema),
  pattern: ({ value, schema, details }) =>
    `${show(value)} does not fit ${String(details['pattern'])}${instead(schema)}`,
  minimum: ({ value, schema, details }) =>
    `${show(value)} is below ${show(details['limit'])}${instead(schema)}`,
  maximum: ({ value, schema, details }) =>
    `${show(value)} is above ${show(details['limit'])}${instead(schema)}`,
  minItems: ({ schema }) => `at least one entry is needed${instead(schema)}`,
  maxItems: ({ details }) => `more than ${show(details['limit'])} entries`,
  minLength: ({ schema }) => `is empty${instead(schema)}`,
  maxLength: ({ schema, details }) => `is longer than ${show(details['limit'])} characters${instead(schema)}`,
}

/** One fault for each error that says something of its own. */
export function explainFault(error: ErrorObject, yaml: YamlFile): Fault {
  const path = pathOf(error.instancePath)
  const schema = detailsOf(error.parentSchema)
  const details = detailsOf(error.params)
  if (error.keyword === 'additionalProperties') return unknownKey(path, { schema, details, yaml })
  if (error.keyword === 'required') return missingKey(path, { schema, details, yaml })
  if (error.keyword === 'discriminator') return wrongKind(path, { schema, details, yaml })
  const explain = EXPLAINERS[error.keyword]
  const text =
    explain?.({ value: error.data, schema, details }) ?? `${error.message ?? 'is wrong'}${instead(schema)}`
  return { ...yaml.whereIs(path), message: about(path, text) }
}

interface Context {
  readonly schema: Details
  readonly details: Details
  readonly yaml: YamlFile
}

function unknownKey(path: KeyPath, { schema, details, yaml }: Context): Fault {
  const key = String(details['additionalProperty'])
  const known = Object.keys(detailsOf(schema['properties']))
  const nearest = nearestWord(key, known)
  const hint = nearest === undefined ? `known keys here: ${known.join(', ')}` : `did you mean '${nearest}'?`
  return { ...yaml.whereIsKey([...path, key]), message: about(path, `unknown key '${key}'; ${hint}`) }
}

function missingKey(path: KeyPath, { schema, details, yaml }: Context): Fault {
  const key = String(details['missingProperty'])
  const property = detailsOf(detailsOf(schema['properties'])[key])
  const example = exampleOf(property)
  const write = example === undefined ? `add ${key}:` : `add ${key}: ${example}`
  const why = typeof property['description'] === 'string' ? ` (${property['description']})` : ''
  return { ...yaml.whereIs(path), message: about(path, `'${key}' is missing; ${write}${why}`) }
}

function wrongKind(path: KeyPath, { schema, details, yaml }: Context): Fault {
  const tag = String(details['tag'])
  const branches = Array.isArray(schema['oneOf']) ? schema['oneOf'] : []
  const words = branches.map((branch) => detailsOf(detailsOf(detailsOf(branch)['properties'])[tag])['const'])
  const value = details['tagValue']
  if (value === undefined)
    return {
      ...yaml.whereIs(path),
      message: about(path, `'${tag}' is missing; add ${tag}: ${words.map(show).join(' or ')}`),
    }
  return { ...yaml.whereIs([...path, tag]), message: about([...path, tag], oneOf(value, words, {})) }
}

function oneOf(value: unknown, allowed: unknown, schema: Details): string {
  const words = Array.isArray(allowed) ? allowed : []
  // YAML reads 1.3 as a number: the engineer has the right word and lacks the quotes.
  const quoted = words.find(
    (word) => typeof word === 'string' && typeof value === 'number' && word === String(value),
  )
  if (quoted !== undefined)
    return `${String(value)} is read as a number; put it in quotes: "${String(value)}"`
  const nearest = nearestWord(String(value), words.map(String))
  const hint = nearest === undefined ? '' : `, did you mean ${show(nearest)}?`
  const why = typeof schema['description'] === 'string' ? ` (${schema['description']})` : ''
  return `${show(value)} is not known; write ${words.map(show).join(' or ')}${hint}${why}`
}

function instead(schema: Details): string {
  const example = exampleOf(schema)
  const why = typeof schema['description'] === 'string' ? ` (${schema['description']})` : ''
  return example === undefined ? why : `; write for example ${example}${why}`
}

function exampleOf(schema: Details): string | undefined {
  const [example] = Array.isArray(schema['examples']) ? schema['examples'] : []
  return example === undefined ? undefined : show(example)
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a group of keys',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
}

function kind(type: unknown): string {
  return KINDS[String(type)] ?? String(type)
}

function found(value: unknown): string {
  if (value === null || value === undefined) return 'there is nothing here'
  if (Array.isArray(value)) return 'a list stands here'
  return typeof value === 'object' ? 'a group of keys stands here' : `${show(value)} stands here`
}

const LONGEST_SHOWN = 80

function show(value: unknown): string {
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? 'nothing')
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text
}

/** RFC 6901: ~1 is a slash and ~0 a tilde. */
function pathOf(pointer: string): KeyPath {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}

function detailsOf(value: unknown): Details {
  return typeof value === 'object' && value !== null ? (value as Details) : {}
}
