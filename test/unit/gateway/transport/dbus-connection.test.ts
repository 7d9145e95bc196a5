import { expect, it } from '@jest/globals'
import { adviceOn } from '../../../../gateway/transport/gatt-advice.ts'
import { openDbus } from '../../../../gateway/transport/dbus-connection.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

it('the D-Bus package that is missing is named, with what to install', async () => {
  const opened = await openDbus(
    {
      busAddress: 'unix:path=/nowhere',
      clock: new FakeClock(),
      load: () => Promise.reject(new Error("Cannot find package '@jellybrick/dbus-next'")),
    },
    {
      onSignal: () => undefined,
      onCall: () => ({ ok: true, signature: '', body: [] }),
      onEnd: () => undefined,
    },
  )
  expect(opened).toEqual({ ok: false, reason: 'dbus-package-missing' })
  expect(adviceOn('dbus-package-missing')).toMatch(/npm install/)
})
