/**
 * The packet ids of what is sent on a connection. Aedes counts them in a field of its client, from anywhere on and round
 * and round, whatever is still unacknowledged [MQTT-2.3.1-4].
 */

const LARGEST = 0xffff

/** For the clients that have something unacknowledged from before: whether a packet id is in use. */
const inUse = new WeakMap<object, (messageId: number) => boolean>()

/**
 * Where something still waits under packet ids of a former connection the count begins behind them, or an acknowledgement
 * of the one would settle the other; and from then on it passes over those in use.
 */
export function numberFrom(
  client: object,
  messageId: number,
  isUsed: (messageId: number) => boolean = () => false,
): void {
  inUse.set(client, isUsed)
  if ('_nextId' in client && messageId > 1) client._nextId = messageId > LARGEST ? 1 : messageId
}

/** The next packet id that nothing unacknowledged has; undefined when there is none. */
export function takeMessageId(client: object): number | undefined {
  if (!('_nextId' in client) || typeof client._nextId !== 'number') return undefined
  const isUsed = inUse.get(client) ?? (() => false)
  const first = client._nextId
  for (let step = 0; step < LARGEST; step += 1) {
    const messageId = ((first - 1 + step) % LARGEST) + 1
    if (isUsed(messageId)) continue
    client._nextId = messageId >= LARGEST ? 1 : messageId + 1
    return messageId
  }
  return undefined
}
