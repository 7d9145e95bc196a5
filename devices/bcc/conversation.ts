/**
 * Who says what when. ALIVE until it is answered, VERSION once, then MEM:GET round after round; an ACK for each block
 * that has a next one, a NAK for a damaged one. Blocks that come unasked (cyclic mode) are acknowledged each.
 */

import type { Command } from '../protocol.ts'
import type { BccBlock } from './frame.ts'
import { ACK, FIRST_ADDRESS, isUsableAddress, NAK, requestBytes } from './requests.ts'

/** "Wait 0.1 s before ACK and 0.5 s before the next MEM:GET." */
const BEFORE_ACK_MS = 100
const BEFORE_NEXT_ROUND_MS = 1000
const ANSWER_TIMEOUT_MS = 3000
/** Cyclic blocks come every 5 s; after three that did not, the rack is asked. */
const CYCLE_TIMEOUT_MS = 15_000
const MOST_NAKS = 3

const GNERR = /\d+,\d{5},GNERR,(\d+)/

type Step = 'alive' | 'version' | 'get' | 'ack' | 'nak'

export class Conversation {
  #address = FIRST_ADDRESS
  #isStuffed = false
  #hasVersion = false
  #isCyclic = false
  /** The memory was asked for and its last block has not come. */
  #isInRound = false
  #nakCount = 0
  #next: Step = 'alive'
  #wakeAtMs: number | undefined

  get wakeAtMs(): number | undefined {
    return this.#wakeAtMs
  }

  open(atMs: number): readonly Command[] {
    this.#address = FIRST_ADDRESS
    this.#hasVersion = false
    this.#isCyclic = false
    this.#nakCount = 0
    this.#isInRound = false
    return this.#say('alive', atMs)
  }

  close(): void {
    this.#wakeAtMs = undefined
    this.#isInRound = false
  }

  tick(atMs: number): readonly Command[] {
    return this.#wakeAtMs !== undefined && atMs >= this.#wakeAtMs ? this.#say(this.#next, atMs) : []
  }

  /** True when this block ends a round that was asked for: then every pump of the rack has been heard. */
  hear(block: BccBlock, atMs: number): boolean {
    this.#nakCount = 0
    this.#isStuffed ||= block.isStuffed
    const [, fault] = GNERR.exec(block.information) ?? []
    if (fault !== undefined) return this.#hearFault(fault, atMs)
    if (block.information.includes(',GNACK,')) {
      if (isUsableAddress(block.address)) this.#address = block.address
      this.#plan(this.#hasVersion ? 'get' : 'version', BEFORE_NEXT_ROUND_MS, atMs)
      return false
    }
    if (this.#next === 'alive' && /^\d+,50100,[^,]*$/.test(block.information)) {
      this.#plan('get', BEFORE_NEXT_ROUND_MS, atMs)
      return false
    }
    if (!this.#isInRound) this.#isCyclic = true
    if (!block.isLast || !this.#isInRound) {
      this.#plan('ack', BEFORE_ACK_MS, atMs)
      return false
    }
    this.#isInRound = false
    this.#plan('get', BEFORE_NEXT_ROUND_MS, atMs)
    return true
  }

  /** "A bad block -> NAK, it is repeated." */
  hearDamage(atMs: number): void {
    if (!this.#isInRound && !this.#isCyclic) return
    this.#nakCount += 1
    if (this.#nakCount <= MOST_NAKS) this.#plan('nak', BEFORE_ACK_MS, atMs)
  }

  /** 68 syntax or checksum: it may want its requests stuffed. 811 wrong address: begin anew. */
  #hearFault(code: string, atMs: number): boolean {
    const isEmpty = code === '11'
    this.#isInRound = false
    if (code === '68') this.#isStuffed = !this.#isStuffed
    if (code === '811') this.#address = FIRST_ADDRESS
    this.#plan(code === '811' ? 'alive' : 'get', isEmpty ? ANSWER_TIMEOUT_MS : BEFORE_NEXT_ROUND_MS, atMs)
    return false
  }

  #say(step: Step, atMs: number): readonly Command[] {
    if (step === 'ack' || step === 'nak') {
      this.#plan('alive', this.#isCyclic ? CYCLE_TIMEOUT_MS : ANSWER_TIMEOUT_MS, atMs)
      return [{ kind: 'send', bytes: step === 'ack' ? ACK : NAK }]
    }
    if (step === 'alive') this.#address = FIRST_ADDRESS
    this.#isCyclic = false
    this.#isInRound = step === 'get'
    if (step === 'version') this.#hasVersion = true
    const addressing = { address: this.#address, isStuffed: this.#isStuffed }
    this.#plan('alive', ANSWER_TIMEOUT_MS, atMs)
    return [{ kind: 'send', bytes: requestBytes(WORDS[step], addressing) }]
  }

  #plan(step: Step, delayMs: number, atMs: number): void {
    this.#next = step
    this.#wakeAtMs = atMs + delayMs
  }
}

const WORDS = { alive: 'ADMIN:ALIVE', version: 'ADMIN:VERSION', get: 'MEM:GET' } as const
