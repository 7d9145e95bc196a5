/** The whole kit over one driver from elsewhere; `npm run conformance` sets the variables and starts it with jest. */

import { describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DeviceProtocol } from '../../../devices/protocol.ts'
import { PROTOCOLS } from '../../../devices/registry.ts'
import { describeDriver } from './driver-tests.ts'
import { describeEndurance } from './endurance-tests.ts'
import { lineTarget } from './fuzz.ts'
import { describeFuzz } from './fuzz-tests.ts'
import { describeSends } from './send-tests.ts'
import { isLine, protocolSubject } from './subject.ts'
import { describeVectors } from './vector-tests.ts'

const modulePath = process.env['WARDGATE_CONFORMANCE_DRIVER'] ?? ''
const vectorPath = process.env['WARDGATE_CONFORMANCE_VECTORS'] ?? ''

const protocol = protocolIn(await import(pathToFileURL(modulePath).href))
// `--vectors` names the folder of the cases, or the one above it, as test/vectors is.
const above = join(vectorPath, protocol.id)
const subject = protocolSubject(protocol, existsSync(above) ? above : vectorPath)

describe(`the protocol ${protocol.id}`, () => {
  it('says what it is', () => {
    expect(protocol.id).toMatch(/^[a-z0-9-]{1,32}$/)
    expect(protocol.version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(protocol.devices).not.toBe('')
    expect(protocol.source).not.toBe('')
    expect(Math.min(protocol.ttlMs, protocol.silenceMs)).toBeGreaterThan(0)
    expect(protocol.uncertaintyMs).toBeGreaterThanOrEqual(0)
  })

  it('has an id of its own', () => {
    expect(PROTOCOLS.map(({ id }) => id)).not.toContain(protocol.id)
  })

  it('lists every metric that its vectors hold', () => {
    const listed = new Set(protocol.metrics.map(({ mdc }) => mdc))
    const found = subject.cases.flatMap(({ expected }) => expected.filter(({ kind }) => kind === 'numeric'))
    expect(found.map((line) => line['mdc']).filter((mdc) => !listed.has(Number(mdc)))).toEqual([])
  })
})

describeVectors(subject)
describeDriver(subject)
describeEndurance(subject)
describeSends(protocol, { messages: subject.cases.flatMap(({ lines }) => lines), values: [] })
describe('the fuzzer', () => describeFuzz([lineTarget(subject)]))

/** The one export that is a protocol. */
function protocolIn(exports: Readonly<Record<string, unknown>>): DeviceProtocol {
  const found = Object.values(exports).filter(isProtocol)
  const [only] = found
  if (only === undefined || found.length > 1)
    throw new Error(`${modulePath} exports ${found.length} device protocols; the kit examines exactly one`)
  if (!isLine(only)) throw new Error(`${only.id} reads GATT values; the kit examines drivers that read bytes`)
  return only
}

function isProtocol(value: unknown): value is DeviceProtocol {
  return (
    typeof value === 'object' &&
    value !== null &&
    'createDriver' in value &&
    'sends' in value &&
    'link' in value
  )
}
