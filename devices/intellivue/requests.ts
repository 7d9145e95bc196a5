/**
 * Everything that may ever be sent to a monitor, as templates: two digits are an octet, `..` is one of the invoke id. What
 * is permitted is exactly what can be built from them, and none of it touches more than the export of data.
 */

/** 60 s: the poll is renewed long before, and ends soon after a gateway that is gone. */
const ACTIVE_TICKS = 480_000

const POLL = { numerics: 1, alarms: 2, waves: 3 } as const

const MDS = '0021 0000 0000'

const TEMPLATES = {
  associate: `0dec 0508130100160102800014020002 c1dc
    3180a0808001010000a280a003000001a480308002010106045201000130800602510100000000
    3080020102060c2a8648ce14020100000001013080060c2a8648ce140201000000020100000000000061
    803080020101a0806080a180060c2a8648ce14020100000003010000be802880060c2a8648ce14020100000001010201 0281
    48 80000000 40000000 00000000 80000000 20000000 0000 0000 0001 002c 0001 0028 80000000 0004e200 00003000 00003000
    00000000 60000000 0001 000c f001 0008 8c000000 0000 0000 00000000000000000000000000000000`,
  release: '0918 c11661803080020101a08062808001000000000000000000',
  mdsCreateResult: `e1000002 0002 0014 .... 0001 000e ${MDS} 00000000 0d06 0000`,
  pollNumerics: extendedPoll(POLL.numerics, '0006 0000'),
  pollAlarms: extendedPoll(POLL.alarms, '0036 0801'),
  pollWaves: extendedPoll(POLL.waves, '0009 0000'),
  pollNumericsOnce: singlePoll(POLL.numerics, '0006 0000'),
  pollAlarmsOnce: singlePoll(POLL.alarms, '0036 0801'),
  getWaveList: `e1000002 0001 0016 .... 0003 0010 ${MDS} 00000000 0001 0002 f23a`,
} as const

export type RequestName = keyof typeof TEMPLATES

export const REQUEST_MEANINGS: Readonly<Record<RequestName, string>> = {
  associate: 'open an association for data export',
  release: 'end the association',
  mdsCreateResult: 'acknowledge that the monitor described itself',
  pollNumerics: 'ask for numerics, once a second for a minute',
  pollAlarms: 'ask for the lists of alarms, for a minute',
  pollWaves: 'ask for waves, for a minute',
  pollNumericsOnce: 'ask for numerics once',
  pollAlarmsOnce: 'ask for the lists of alarms once',
  getWaveList: 'ask which waves are exported',
}

function extendedPoll(pollNumber: number, what: string): string {
  const activeTicks = ACTIVE_TICKS.toString(16).padStart(8, '0')
  return action('f13b', `${word(pollNumber)} 0001 ${what} 0001 0008 f13e 0004 ${activeTicks}`)
}

function singlePoll(pollNumber: number, what: string): string {
  return action('0c16', `${word(pollNumber)} 0001 ${what}`)
}

function action(kind: string, argument: string): string {
  const body = `${MDS} 00000000 ${kind} ${word(octetCount(argument))} ${argument}`
  const size = octetCount(body)
  return `e1000002 0001 ${word(size + 6)} .... 0007 ${word(size)} ${body}`
}

interface Template {
  /** An open octet is 0 here. */
  readonly octets: Uint8Array
  /** Where the invoke id stands; -1 when the template has none. */
  readonly invokeAt: number
}

const templates = new Map<RequestName, Template>()
for (const name of requestNames()) templates.set(name, parse(TEMPLATES[name]))

export function requestNames(): readonly RequestName[] {
  return Object.keys(TEMPLATES).filter(isRequestName)
}

function isRequestName(name: string): name is RequestName {
  return Object.hasOwn(TEMPLATES, name)
}

function parse(text: string): Template {
  const digits = text.replaceAll(/\s/g, '')
  const pairs: readonly string[] = digits.match(/../g) ?? []
  return {
    octets: Uint8Array.from(pairs, (pair) => (pair === '..' ? 0 : Number.parseInt(pair, 16))),
    invokeAt: pairs.indexOf('..'),
  }
}

/** The length, and what always stands at the front. */
export function templateOf(name: RequestName): { readonly sizeBytes: number; readonly front: Uint8Array } {
  const { octets, invokeAt } = known(name)
  return { sizeBytes: octets.length, front: invokeAt < 0 ? octets : octets.slice(0, invokeAt) }
}

export function requestOf(name: RequestName, invokeId = 0): Uint8Array {
  const { octets, invokeAt } = known(name)
  const request = octets.slice()
  if (invokeAt >= 0) request.set([invokeId >>> 8, invokeId & 0xff], invokeAt)
  return request
}

export function isRequest(name: RequestName, bytes: Uint8Array): boolean {
  const { octets, invokeAt } = known(name)
  return (
    bytes.length === octets.length &&
    octets.every(
      (octet, at) => octet === bytes[at] || (invokeAt >= 0 && (at === invokeAt || at === invokeAt + 1)),
    )
  )
}

function known(name: RequestName): Template {
  return templates.get(name) ?? parse(TEMPLATES[name])
}

function octetCount(hex: string): number {
  return hex.replaceAll(/\s/g, '').length / 2
}

function word(value: number): string {
  return value.toString(16).padStart(4, '0')
}
