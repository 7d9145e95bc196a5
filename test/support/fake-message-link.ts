import { BehaviorSubject } from 'rxjs'
import type { MessageLink, MessageLinkState, OutboundMessage } from '../../gateway/ports.ts'

const ONLINE: MessageLinkState = {
  kind: 'online',
  address: '127.0.0.1',
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
}

/** A session to a broker whose connection and acknowledgements the test makes. */
export class FakeMessageLink implements MessageLink {
  readonly state$ = new BehaviorSubject<MessageLinkState>(ONLINE)
  /** What the broker has acknowledged, in order. */
  readonly acknowledged: OutboundMessage[] = []
  /** What was sent and is not yet settled. */
  readonly onTheWay: { message: OutboundMessage; settle: (error?: Error) => void }[] = []
  isPrompt = true
  isClosed = false

  publish(message: OutboundMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = {
        message,
        settle: (error?: Error): void => {
          this.onTheWay.splice(this.onTheWay.indexOf(entry), 1)
          if (error !== undefined) return reject(error)
          this.acknowledged.push(message)
          return resolve()
        },
      }
      this.onTheWay.push(entry)
      if (this.state$.value.kind !== 'online') entry.settle(new Error('offline'))
      else if (this.isPrompt) entry.settle()
    })
  }

  /** The connection breaks: what was on its way fails. */
  break(): void {
    this.state$.next({ kind: 'offline', reason: 'connection lost' })
    while (this.onTheWay[0] !== undefined) this.onTheWay[0].settle(new Error('connection lost'))
  }

  restore(): void {
    this.state$.next(ONLINE)
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}

/** Lets everything that waits for an already settled promise run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}
