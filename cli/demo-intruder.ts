/** The two things that must not work, tried before the user's eyes: talking in the clear, and sending vitals to a public address. */

import { connect } from 'node:net'
import type { ClientMaterial } from '../gateway/uplink/dial.ts'
import { guardedDial } from '../gateway/uplink/dial.ts'
import type { Clock } from '../gateway/clock.ts'
import { errorMessage, UplinkError } from '../gateway/errors.ts'

export interface PlaintextAttempt {
  readonly what: string
  readonly sentBytes: number
  /** What came back before the gateway closed; anything but 0 is a failure of the gateway. */
  readonly answeredBytes: number
}

export interface UplinkAttempt {
  readonly url: string
  readonly reason: string
}

// A CONNECT of MQTT 3.1.1: protocol name, level 4, clean session, keep alive 60 s, client id 'rogue' (MQTT 3.1.1, 3.1).
const MQTT_CONNECT = Buffer.from('101100044d5154540402003c0005726f677565', 'hex')
const PLAINTEXT: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['MQTT CONNECT', MQTT_CONNECT],
  ['HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: ward\r\n\r\n')],
  ['random bytes', Buffer.from('9f3c00ff7be2d1', 'hex')],
]

// Literal addresses, so that not even a name is looked up on the way to being refused.
const FORBIDDEN_UPLINKS = [
  'mqtts://8.8.8.8:8883',
  'mqtt://10.0.0.5:1883',
  'mqtts://[2001:4860:4860::8888]:8883',
  'mqtts://100.64.0.1:8883',
]

export async function tryPlaintext(endpoint: {
  readonly host: string
  readonly port: number
}): Promise<readonly PlaintextAttempt[]> {
  return Promise.all(PLAINTEXT.map(([what, bytes]) => speakInTheClear(endpoint, what, bytes)))
}

export async function tryForbiddenUplinks(
  tls: ClientMaterial,
  clock: Clock,
): Promise<readonly UplinkAttempt[]> {
  return Promise.all(
    FORBIDDEN_UPLINKS.map(async (url) => ({ url, reason: await refusalOf(url, tls, clock) })),
  )
}

async function speakInTheClear(
  endpoint: { readonly host: string; readonly port: number },
  what: string,
  bytes: Buffer,
): Promise<PlaintextAttempt> {
  return new Promise((resolve) => {
    let answeredBytes = 0
    const socket = connect(endpoint, () => socket.write(bytes))
    socket.setTimeout(20_000).on('timeout', () => socket.destroy())
    socket.on('data', (chunk) => {
      answeredBytes += chunk.length
    })
    // A reset is one of the ways to be refused; 'close' follows it.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      resolve({ what, sentBytes: bytes.length, answeredBytes })
    })
  })
}

async function refusalOf(url: string, tls: ClientMaterial, clock: Clock): Promise<string> {
  try {
    const socket = await guardedDial({ url, tls, clock })
    socket.destroy()
    return 'NOT REFUSED'
  } catch (error) {
    return error instanceof UplinkError ? String(error.context['reason']) : errorMessage(error)
  }
}
