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
  'dbus-package-missing': 'install the package @jellybrick/dbus-next: npm install --include=optional',
  'no-system-bus': 'install and start the system bus (Debian: apt-get install dbus), or mount its socket',
  'no-permission-for-system-bus': 'the user of the gateway may not open the socket of the system bus',
  'system-bus-timeout': 'the system bus does not answer: look at it with busctl status',
  'system-bus-gone': 'the system bus was stopped; the line opens again when it is back',
  'system-bus-flood': 'the system bus sends more than any device would: look at it with busctl monitor',
  'no-bluetoothd': 'install and start bluetoothd (Debian: apt-get install bluez)',
  'bluetoothd-gone': 'bluetoothd was stopped; the line opens again when it is back',
  'bluetoothd-timeout': 'bluetoothd does not answer: restart it',
  'bluetoothd-refused': 'bluetoothd refuses to be asked: see its log',
  'no-permission-for-bluetoothd':
    'the policy of the system bus lets the user of the gateway not ask org.bluez',
  'no-adapter': 'this machine has no Bluetooth adapter: plug one in, or let the container have it',
  'adapter-not-found': 'there is no adapter of this name: bluetoothctl list shows those there are',
  'adapter-off': 'switch the adapter on: bluetoothctl power on, rfkill unblock bluetooth',
  'scan-failed': 'the adapter cannot search: is another program using it?',
  'connect-failed':
    'the device does not take the connection: is it on, near, and not connected to another collector?',
  'device-blocked':
    'the device was blocked on this machine: bluetoothctl unblock, if that was not on purpose',
  'device-removed': 'the device was removed from this machine: search for it again',
  'services-not-resolved': 'the device did not show its services in time: bring it nearer, or restart it',
  'procedure-already-in-progress': 'another attempt is still under way; the line tries again by itself',
  'insufficient-authentication': 'the device wants a bond: pair it',
  disconnected: 'the device went out of reach, was switched off or ended the connection',
  'not-bonded': 'pair the device by hand with bluetoothctl, or let the configuration say how: pair',
  'bond-not-authenticated':
    'nothing proves how this bond was made: pair again with pair: passkey, or verify it and write bond: authenticated',
  'passkey-file-missing': 'write the six digits of the device into the file of passkeyFile',
  'passkey-file-open': 'the passkey must be a plain file for the user of the gateway alone: chmod 600',
  'passkey-file-malformed': 'the file of the passkey has to hold six digits and nothing else',
  silent: 'connected, but no data: is the device worn and measuring?',
}

/** Whatever else ends a line is a device that breaks the rules of the protocol. */
const OTHER = 'the device breaks the rules of its protocol; restart it, and quarantine it if this goes on'

export function adviceOn(reason: string): string {
  return ADVICE[reason] ?? OTHER
}
