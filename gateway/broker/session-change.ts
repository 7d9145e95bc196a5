/**
 * Everything that can happen to what the broker keeps, as data: applied to the state in memory, written to the journal,
 * and applied again, in the same order, after a restart.
 */

import type { Subscription } from 'aedes'

/** A subscription as it was granted. */
export type Grant = Pick<Subscription, 'topic' | 'qos'>

export interface Message {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
}

/** A message received at QoS 2, by its sender and packet id: until it is released it must not be published again. */
export interface Origin {
  readonly clientId: string
  readonly messageId: number
}

export type SessionChange =
  | { readonly kind: 'message'; readonly message: Message; readonly origin?: Origin }
  /** Nothing of it was published, but it must not be taken twice. */
  | { readonly kind: 'received'; readonly clientId: string; readonly messageId: number }
  | { readonly kind: 'released'; readonly clientId: string; readonly messageId: number }
  | {
      readonly kind: 'subscribed'
      readonly clientId: string
      readonly subscriptions: readonly Grant[]
    }
  | { readonly kind: 'unsubscribed'; readonly clientId: string; readonly filters: readonly string[] }
  | { readonly kind: 'forgotten'; readonly clientId: string }
  /** A waiting message was sent under a packet id. */
  | {
      readonly kind: 'sent'
      readonly clientId: string
      readonly seq: number
      readonly messageId: number
    }
  /** QoS 2: the subscriber has it; PUBREL takes its place. */
  | {
      readonly kind: 'pubrel'
      readonly clientId: string
      readonly seq: number
      readonly messageId: number
    }
  | { readonly kind: 'settled'; readonly clientId: string; readonly seq: number }

/** Where changes are written down. */
export interface ChangeLog {
  /** Answers the number of the change; `settle` is called in the order of the numbers, when it is on disk or cannot be. */
  commit(change: SessionChange, settle: (error?: Error) => void): number
  /** Written a little later, with or before any change that is waited for. */
  note(change: SessionChange): void
}
