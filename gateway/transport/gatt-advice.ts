/** What an engineer can do about a radio line that is closed, by the reason it was closed for. */

const ADVICE: Readonly<Record<string, string>> = {
  'bad-address': 'write the address of the device like C0:FF:EE:00:00:01',
  'not-in-range': 'the device does not answer: is it switched on, worn, near enough, and the address right?',
  'not-advertising': 'the device serves another collector: a phone or a second gateway; disconnect that one',
  'no-permission-for-air-dir': 'the user of the gateway may not open the directory of the simulated radio',
  'connect-timeout': 'the device was seen but did not answer: bring it nearer, or restart it',
  'connection-timeout': 'the device went out of reach or lost its power: check distance and battery',
  'power-off': 'the device was switched off',
  'remote-user-terminated': 'the device ended the connection; many do so when they are taken off',
  'low-resources': 'the device ran out of resources: restart it',
  'pairing-refused': 'put the device into pairing mode and confirm it there',
  'pairing-timeout': 'pairing was not confirmed in time: put the device into pairing mode and try again',
  'authentication-failure': 'the keys do not fit any more: remove the bond on the device and pair again',
  'security-too-low':
    'the link is protected less than the profile demands; pair with passkey or comparison, or use another device',
  'service-not-found':
    'this device does not offer the service of its configured protocol: check the protocol',
  'setup-timeout': 'the device answers too slowly to be read: bring it nearer, or restart it',
  'att-timeout': 'the device stopped answering requests: bring it nearer, or restart it',
  silent: 'connected, but no data: is the device worn and measuring?',
}

/** Whatever else ends a line is a device that breaks the rules of the protocol. */
const OTHER = 'the device breaks the rules of its protocol; restart it, and quarantine it if this goes on'

export function adviceOn(reason: string): string {
  return ADVICE[reason] ?? OTHER
}
