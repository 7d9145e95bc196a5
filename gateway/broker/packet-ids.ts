/** The packet ids of what is sent on a connection: Aedes counts them in a field of its client. */

/**
 * Aedes begins to number the packets of a connection anywhere. Where something still waits under packet ids of a former
 * connection it has to begin behind them, or an acknowledgement of the one would settle the other [MQTT-2.3.1-4].
 */
export function numberFrom(client: object, messageId: number): void {
  if ('_nextId' in client && messageId > 1) client._nextId = messageId > 0xffff ? 1 : messageId
}

/** The packet id that Aedes would give next. */
export function takeMessageId(client: object): number | undefined {
  if (!('_nextId' in client) || typeof client._nextId !== 'number') return undefined
  const messageId = client._nextId
  client._nextId = messageId >= 0xffff ? 1 : messageId + 1
  return messageId
}
