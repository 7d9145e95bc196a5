import { describe, expect, it } from '@jest/globals'
import { Subject } from 'rxjs'
import { METRICS } from '../../../../devices/metrics.ts'
import type { Alert } from '../../../../devices/protocol.ts'
import { requireIdentity, type ExpectedIdentity } from '../../../../gateway/stages/require-identity.ts'
import type { Measured, Received } from '../../../../gateway/stages/run-driver.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { RecordingEvents } from '../../../support/recording-sinks.ts'

function watch(expected: Partial<ExpectedIdentity> = {}) {
  const clock = new FakeClock()
  const events = new RecordingEvents()
  const source$ = new Subject<Received>()
  const told: string[] = []
  let recognised = 0
  const subscription = source$
    .pipe(
      requireIdentity(
        { value: 'sn-1', untold: 'wait', recognised: () => void recognised++, ...expected },
        { device: 'ox-1', clock, events },
      ),
    )
    .subscribe((received) => told.push(describeReceived(received)))
  const measure = (output: Measured): void =>
    source$.next({ kind: 'measured', output, receivedAtMs: clock.nowMs() })
  return {
    clock,
    events,
    source$,
    subscription,
    recognisedCount: () => recognised,
    taken: () => told.splice(0),
    open: () => source$.next({ kind: 'line', phase: 'opened', atMs: clock.nowMs() }),
    close: (reason: string) => source$.next({ kind: 'line', phase: 'closed', reason, atMs: clock.nowMs() }),
    say: (value: string, name = 'serial') => measure({ kind: 'text', name, value, isIdentity: true }),
    read: (value: number) =>
      measure({
        kind: 'observation',
        numerics: [{ metric: METRICS.MDC_PULS_OXIM_SAT_O2, value, quality: 'valid' }],
      }),
    alert: (code: string, phase: Alert['phase'] = 'present') =>
      measure({
        kind: 'alert',
        code,
        priority: 'high',
        source: 'patient',
        phase,
        text: code,
        flags: ['new'],
      }),
  }
}

function describeReceived(received: Received): string {
  if (received.kind === 'line')
    return received.phase === 'closed' ? `closed ${received.reason}` : received.phase
  if (received.kind !== 'measured') return received.kind
  const { output } = received
  if (output.kind === 'observation') return `value ${output.numerics[0]?.value}`
  if (output.kind === 'alert') return `alert ${output.code} ${output.phase}`
  return output.kind === 'text' ? `text ${String(output.value)}` : output.kind
}

describe('a device that has to be the right one', () => {
  it('is silent, and its line not up, until it has said who it is', () => {
    const device = watch()
    device.open()
    device.read(97)
    expect(device.taken()).toEqual([])
    device.say('sn-1')
    device.read(98)
    expect(device.taken()).toEqual(['opened', 'delivering', 'text sn-1', 'value 98'])
    expect(device.recognisedCount()).toBe(1)
  })

  it('is told with the alerts and texts that it will not tell again, the latest of each', () => {
    const device = watch()
    device.open()
    device.alert('spo2-low')
    device.alert('apnea')
    device.alert('spo2-low', 'ended')
    device.say('sn-1')
    expect(device.taken()).toEqual([
      'opened',
      'delivering',
      'alert apnea present',
      'alert spo2-low ended',
      'text sn-1',
    ])
  })

  it('has to say it again whenever the line was opened again', () => {
    const device = watch()
    device.open()
    device.say('sn-1')
    device.close('unplugged')
    device.taken()
    device.open()
    device.read(97)
    expect(device.taken()).toEqual([])
    device.say('sn-1')
    expect(device.taken()).toEqual(['opened', 'delivering', 'text sn-1'])
  })

  it('is never published when it is another one; the line is let go and looked at again', () => {
    const device = watch()
    device.open()
    device.alert('apnea')
    device.say('sn-2')
    device.read(97)
    device.clock.advance(2_000)
    expect(device.taken()).toEqual(['closed wrong-device'])
    expect(device.source$.observed).toBe(false)
    expect(device.events.all).toEqual([
      {
        eventClass: 'security',
        event: 'wrong-device',
        detail: { device: 'ox-1', name: 'serial', expected: 'sn-1', found: 'sn-2' },
      },
    ])
    device.clock.advance(10_000)
    expect(device.source$.observed).toBe(true)
    device.open()
    device.say('sn-1')
    device.read(95)
    expect(device.taken()).toEqual(['opened', 'delivering', 'text sn-1', 'value 95'])
  })

  it('is found out in the middle of its readings', () => {
    const device = watch()
    device.open()
    device.say('sn-1')
    device.taken()
    device.say('sn-2')
    device.read(97)
    expect(device.taken()).toEqual(['closed wrong-device'])
  })

  it('is told of once for each stranger, and again after the right one was there', () => {
    const device = watch()
    const visit = (value: string): void => {
      device.open()
      device.say(value)
      device.clock.advance(12_000)
    }
    visit('sn-2')
    visit('sn-2')
    visit('sn-3')
    expect(device.events.named('wrong-device').map(({ found }) => found)).toEqual(['sn-2', 'sn-3'])
    visit('sn-1')
    device.say('sn-2')
    expect(device.events.named('wrong-device').map(({ found }) => found)).toEqual(['sn-2', 'sn-3', 'sn-2'])
  })

  it('may tell two identities, of which the second is meant', () => {
    const device = watch()
    device.open()
    device.say('00-11-22', 'system_id')
    device.clock.advance(1_999)
    device.say('sn-1')
    device.say('00-11-22', 'system_id')
    device.clock.advance(60_000)
    expect(device.taken()).toEqual(['opened', 'delivering', 'text 00-11-22', 'text sn-1', 'text 00-11-22'])
    expect(device.events.all).toEqual([])
  })

  it.each([
    { untold: 'wait', isLeft: false },
    { untold: 'seek', isLeft: true },
  ] as const)('says that it was not told who it is, after twenty seconds ($untold)', ({ untold, isLeft }) => {
    const device = watch({ untold })
    device.open()
    device.read(97)
    device.clock.advance(19_999)
    expect(device.taken()).toEqual([])
    device.clock.advance(1)
    expect(device.taken()).toEqual(['closed identity-not-told'])
    expect(device.source$.observed).toBe(!isLeft)
    device.clock.advance(500)
    expect(device.source$.observed).toBe(true)
  })

  it('is recognised also after that, where there is no other place to look', () => {
    const device = watch()
    device.open()
    device.clock.advance(30_000)
    device.taken()
    device.say('sn-1')
    expect(device.taken()).toEqual(['opened', 'delivering', 'text sn-1'])
  })

  it.each(['sn-1 ', 'SN-1', 'sn-10', ''])('is not the right one with the identity %p', (value) => {
    const device = watch()
    device.open()
    device.say(value)
    device.clock.advance(2_000)
    expect(device.taken()).toEqual(['closed wrong-device'])
  })

  it('is not judged by what stands behind it, as the pumps of a rack', () => {
    const device = watch()
    device.open()
    device.source$.next({
      kind: 'measured',
      output: { kind: 'text', name: 'serial', value: 'pump-serial', isIdentity: true, part: 'pump-1' },
      receivedAtMs: 0,
    })
    device.clock.advance(5_000)
    expect(device.taken()).toEqual([])
    device.say('sn-1')
    expect(device.taken()).toEqual(['opened', 'delivering', 'text pump-serial', 'text sn-1'])
  })

  it('lets through what is said of the line itself', () => {
    const device = watch()
    device.close('no-such-port')
    device.open()
    device.source$.next({ kind: 'line', phase: 'not-understood', atMs: 0 })
    device.source$.next({
      kind: 'command-failed',
      command: { kind: 'send', bytes: Uint8Array.of(1) },
      reason: 'x',
    })
    expect(device.taken()).toEqual(['closed no-such-port', 'not-understood', 'command-failed'])
  })

  it('leaves no timer behind', () => {
    const device = watch()
    device.open()
    device.say('sn-2')
    device.subscription.unsubscribe()
    expect(device.clock.pendingCount).toBe(0)
  })

  it('passes on a fault of the driver', () => {
    const source$ = new Subject<Received>()
    const faults: unknown[] = []
    source$
      .pipe(
        requireIdentity(
          { value: 'x', untold: 'wait' },
          { device: 'ox-1', clock: new FakeClock(), events: new RecordingEvents() },
        ),
      )
      .subscribe({ error: (fault) => faults.push(fault) })
    source$.error(new RangeError('the driver has a fault'))
    expect(faults).toEqual([new RangeError('the driver has a fault')])
  })
})
