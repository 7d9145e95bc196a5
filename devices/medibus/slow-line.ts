/**
 * Finds the messages among the bytes below 80 hex. A command may sit inside a response at any place; each start byte
 * begins something new, because none occurs inside a message.
 */

import type { Discarded } from '../protocol.ts'
import { ByteBox } from './byte-box.ts'
import {
  CR,
  decodeMessage,
  EMPTY_BYTES,
  ESC,
  MAX_ARGUMENT_BYTES,
  MAX_DATA_BYTES,
  SOH,
  type Message,
} from './message.ts'

const CONTROLS: Readonly<Record<number, Control>> = { 0x11: 'suspend', 0x13: 'resume', 0x18: 'abort' }

export type Control = 'suspend' | 'resume' | 'abort'

export type SlowEvent =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'control'; readonly control: Control }
  /** A command came whose sum is wrong: it must be answered too. */
  | { readonly kind: 'corrupt-command' }
  | Discarded

const LINE_FEED = 0x0a

export class SlowLine {
  readonly #response = new ByteBox(MAX_DATA_BYTES + EMPTY_BYTES)
  readonly #command = new ByteBox(MAX_ARGUMENT_BYTES + EMPTY_BYTES)
  readonly #noise = new ByteBox(256)

  take(byte: number, out: SlowEvent[]): void {
    if (byte === ESC) this.#beginCommand(out)
    else if (byte === SOH) this.#beginResponse(out)
    else if (CONTROLS[byte] !== undefined) this.#control(CONTROLS[byte], out)
    else if (this.#command.used > 0) this.#add(this.#command, byte, out)
    else if (this.#response.used > 0) this.#add(this.#response, byte, out)
    else if (byte !== CR && byte !== LINE_FEED && !this.#noise.push(byte)) {
      this.#lose(this.#noise, 'noise', out)
      this.#noise.push(byte)
    }
  }

  /** The line is closed: what is unfinished stays unfinished. */
  end(out: SlowEvent[]): void {
    this.#lose(this.#noise, 'noise', out)
    this.#lose(this.#response, 'truncated', out)
    this.#lose(this.#command, 'truncated', out)
  }

  #beginCommand(out: SlowEvent[]): void {
    this.#lose(this.#noise, 'noise', out)
    this.#lose(this.#command, 'truncated', out)
    this.#command.push(ESC)
  }

  #beginResponse(out: SlowEvent[]): void {
    this.end(out)
    this.#response.push(SOH)
  }

  #control(control: Control, out: SlowEvent[]): void {
    if (control === 'abort') this.end(out)
    out.push({ kind: 'control', control })
  }

  #add(box: ByteBox, byte: number, out: SlowEvent[]): void {
    if (byte === CR) this.#finish(box, out)
    else if (!box.push(byte)) this.#lose(box, 'overflow', out)
  }

  #finish(box: ByteBox, out: SlowEvent[]): void {
    const isCommand = box === this.#command
    const message = decodeMessage(box.view())
    if (message !== undefined) {
      box.clear()
      out.push({ kind: 'message', message })
      return
    }
    this.#lose(box, 'checksum', out)
    if (isCommand) out.push({ kind: 'corrupt-command' })
  }

  #lose(box: ByteBox, reason: Discarded['reason'], out: SlowEvent[]): void {
    for (const bytes of box.pieces()) out.push({ kind: 'discarded', reason, bytes })
    box.clear()
  }
}
