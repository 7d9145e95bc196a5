/** Who may read and write which topic: pure decisions over identity and inventory. What no row allows is refused. */

import { parseIngestTopic } from '../contract/topics.ts'
import { scopesOf } from '../people/duties.ts'
import type { BrokerRules, ClientRole, Identity, Inventory, InventoryEntry, Verdict } from '../ports.ts'
import { filterWithin, isFilter, isTopic } from './topic-filter.ts'

/** The deepest topic of the contract has seven levels and no id is longer than 32 characters. */
const MAX_TOPIC_LEVELS = 8
const MAX_TOPIC_BYTES = 256

/** The rules of the ward, without what becomes of a payload. */
export type TopicAuthority = Omit<BrokerRules, 'admit'>

type ReadableScopes = (entry: InventoryEntry) => readonly string[]

/** What each role may read. Nobody reads `ingest/`: it is not yet proven. */
const READABLE: Readonly<Record<ClientRole, ReadableScopes>> = {
  device: () => [],
  bedside: () => [],
  consumer: (entry) => (entry.role === 'consumer' ? entry.wards.map((ward) => `vitals/v1/${ward}/#`) : []),
  operator: (entry) => (entry.role === 'operator' ? scopesOf(entry) : []),
  uplink: () => [],
}

type Publishes = (publisher: Identity, device: string, inventory: Inventory) => boolean

/** For which devices each role may publish on `ingest/`. Nothing else is ever written by a client. */
const PUBLISHES_FOR: Readonly<Record<ClientRole, Publishes>> = {
  device: (publisher, device) => publisher.id === device,
  bedside: (publisher, device, inventory) => inventory.device(device)?.bedside === publisher.id,
  consumer: () => false,
  operator: () => false,
  uplink: () => false,
}

export function createTopicAuthority(inventory: Inventory): TopicAuthority {
  return {
    mayConnect: (identity, clientId) => mayConnect(identity, clientId, inventory),
    mayPublish: (identity, topic) => mayPublish(identity, topic, inventory),
    maySubscribe: (identity, filter) => maySubscribe(identity, filter, inventory),
    mayReceive: (identity, topic) => mayReceive(identity, topic, inventory),
  }
}

export function mayConnect(identity: Identity, clientId: string, inventory: Inventory): Verdict {
  if (clientId !== identity.id) return refuse('the client id is not the id of the certificate')
  if (identity.role === 'uplink')
    return refuse('an uplink is for the way out; it is no client of this gateway')
  const entry = inventory.find(identity.role, identity.id)
  if (entry === undefined) return refuse('no such row in the inventory')
  if (entry.role === 'operator' && entry.locked === true) return refuse('the person is locked')
  return ALLOWED
}

export function mayPublish(identity: Identity, topic: string, inventory: Inventory): Verdict {
  if (!isTopic(topic) || !isWithinBounds(topic)) return refuse('the topic is malformed or too long')
  const ingest = parseIngestTopic(topic)
  if (ingest === undefined) return refuse('clients publish on ingest/v1/{device}/{kind} only')
  if (inventory.find(identity.role, identity.id) === undefined) return refuse('no such row in the inventory')
  if (inventory.device(ingest.device) === undefined) return refuse('the device is not in the inventory')
  if (!PUBLISHES_FOR[identity.role](identity, ingest.device, inventory))
    return refuse('the inventory does not let this identity publish for that device')
  return ALLOWED
}

export function maySubscribe(identity: Identity, filter: string, inventory: Inventory): Verdict {
  if (!isFilter(filter) || !isWithinBounds(filter)) return refuse('the filter is malformed or too long')
  return isReadable(identity, filter, inventory)
    ? ALLOWED
    : refuse(beyond(identity, 'the filter reaches beyond what this identity may read'))
}

export function mayReceive(identity: Identity, topic: string, inventory: Inventory): Verdict {
  return isTopic(topic) && isReadable(identity, topic, inventory)
    ? ALLOWED
    : refuse(beyond(identity, 'the topic is beyond what this identity may read'))
}

/** The scopes are read from the inventory at each question, so a right that was withdrawn ends with the next message. */
function isReadable(identity: Identity, filter: string, inventory: Inventory): boolean {
  const entry = inventory.find(identity.role, identity.id)
  if (entry === undefined) return false
  return READABLE[identity.role](entry).some((scope) => filterWithin(filter, scope))
}

// What a person may read follows from duties alone, so that is where whoever reads the log has to look.
function beyond({ role }: Identity, otherwise: string): string {
  return role === 'operator' ? 'no duty allows it' : otherwise
}

function isWithinBounds(text: string): boolean {
  return text.split('/').length <= MAX_TOPIC_LEVELS && Buffer.byteLength(text) <= MAX_TOPIC_BYTES
}

const ALLOWED: Verdict = { allowed: true }

function refuse(reason: string): Verdict {
  return { allowed: false, reason }
}
