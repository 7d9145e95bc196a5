/** The part of the configuration that names devices: one shape for each kind of link. */

export const ID = {
  type: 'string',
  pattern: '^[a-z0-9-]{1,32}$',
} as const

export const PATH = { type: 'string', minLength: 1, maxLength: 1024 } as const
export const ADDRESS = { type: 'string', minLength: 1, maxLength: 64 } as const

const DEVICE_ID = {
  ...ID,
  description: 'Device; the id of its certificate, its topics and its inventory row',
  examples: ['ox-b01'],
} as const

const PROTOCOL = {
  type: 'string',
  maxLength: 64,
  description: 'What the device speaks; `wardgate protocols` lists the ids',
  examples: ['nonin-df2'],
} as const

const PORT = { type: 'integer', minimum: 1, maximum: 65_535 } as const

const LINE_SETTINGS = {
  type: 'object',
  description: 'Settings of the line that differ from those of the protocol',
  additionalProperties: false,
  properties: {
    baudRate: {
      type: 'integer',
      minimum: 50,
      maximum: 4_000_000,
      description: 'Bits per second',
      examples: [19_200],
    },
    dataBits: { enum: [7, 8], description: 'Bits of a character', examples: [8] },
    parity: { enum: ['none', 'even', 'odd'], description: 'The check bit', examples: ['none'] },
    stopBits: { enum: [1, 2], description: 'Bits after a character', examples: [1] },
    flowControl: { enum: ['none', 'rts-cts'], description: 'Who may hold up whom', examples: ['none'] },
  },
} as const

/** Optional in every shape: most lines have one device. */
const PARTS = {
  type: 'object',
  description:
    'Where one line carries several devices: device id by part, each with its own inventory row and topics',
  maxProperties: 64,
  propertyNames: { pattern: ID.pattern },
  additionalProperties: ID,
  examples: [{ 'pump-14': 'inf-b03' }],
} as const

const SERIAL_DEVICE = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'protocol', 'link'],
  properties: {
    id: DEVICE_ID,
    protocol: PROTOCOL,
    parts: PARTS,
    link: { const: 'serial', description: 'A serial line of this machine', examples: ['serial'] },
    path: {
      ...PATH,
      description: 'Terminal device of the line; needed unless `paths` is there',
      examples: ['/dev/ttyUSB0'],
    },
    paths: {
      type: 'array',
      description: 'Terminal devices among which the device is looked for by its identity',
      minItems: 1,
      maxItems: 32,
      items: {
        ...PATH,
        description: 'A path; * and ? in its last part stand for any name',
        examples: ['/dev/serial/by-id/*'],
      },
    },
    identity: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      description: 'What the device calls itself, as its driver tells it; nothing is published before',
      examples: ['2000123456'],
    },
    line: LINE_SETTINGS,
  },
} as const

const UDP_DEVICE = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'protocol', 'link', 'host'],
  properties: {
    id: DEVICE_ID,
    protocol: PROTOCOL,
    parts: PARTS,
    link: { const: 'udp', description: 'Datagrams over the local network', examples: ['udp'] },
    host: {
      ...ADDRESS,
      description: 'Address of the device; private, link-local or loopback',
      examples: ['10.0.4.9'],
    },
    port: {
      ...PORT,
      description: 'UDP port of the device; that of the protocol when absent',
      examples: [24_105],
    },
  },
} as const

const TCP_LISTEN_DEVICE = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'protocol', 'link', 'host', 'port', 'from'],
  properties: {
    id: DEVICE_ID,
    protocol: PROTOCOL,
    parts: PARTS,
    link: {
      const: 'tcp-listen',
      description: 'The device calls a port of this box',
      examples: ['tcp-listen'],
    },
    host: {
      ...ADDRESS,
      description: 'Address of this box to listen on; private, link-local or loopback',
      examples: ['10.0.4.2'],
    },
    port: { ...PORT, description: 'TCP port to listen on', examples: [2575] },
    from: {
      type: 'array',
      description: 'Who may call; nobody else is heard',
      minItems: 1,
      maxItems: 32,
      items: { ...ADDRESS, description: 'A private address or network', examples: ['10.0.4.20'] },
    },
  },
} as const

const TCP_DEVICE = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'protocol', 'link', 'host', 'port'],
  properties: {
    id: DEVICE_ID,
    protocol: PROTOCOL,
    parts: PARTS,
    link: { const: 'tcp', description: 'A serial line behind a device server', examples: ['tcp'] },
    host: {
      ...ADDRESS,
      description: 'Address of the device server; private, link-local or loopback',
      examples: ['10.0.4.7'],
    },
    port: { ...PORT, description: 'Raw TCP port of the device server', examples: [4001] },
  },
} as const

const BLE_DEVICE = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'protocol', 'link', 'radio', 'address'],
  properties: {
    id: DEVICE_ID,
    protocol: PROTOCOL,
    parts: PARTS,
    link: { const: 'ble', description: 'Bluetooth Low Energy', examples: ['ble'] },
    radio: {
      enum: ['bluez', 'simulated'],
      description: 'The radio to use: the Bluetooth adapter of this machine, or none at all',
      examples: ['bluez'],
    },
    air: {
      ...PATH,
      description: 'With `simulated`, and needed there: directory in which peripherals are found',
      examples: ['./air'],
    },
    adapter: {
      type: 'string',
      pattern: '^hci[0-9]{1,2}$',
      description: 'With `bluez`: the adapter; the first one that is on when absent',
      examples: ['hci0'],
    },
    pair: {
      enum: ['never', 'just-works', 'passkey'],
      description: 'With `bluez`: how a device without bond is paired; `never` when absent',
      examples: ['passkey'],
    },
    passkeyFile: {
      ...PATH,
      description: 'With `pair: passkey`: file of mode 0600 with the six digits of the device',
      examples: ['./passkey'],
    },
    bond: {
      enum: ['authenticated'],
      description:
        'With `bluez`: you have verified that the bond was made with passkey or comparison; every use is an event',
      examples: ['authenticated'],
    },
    address: {
      type: 'string',
      pattern: '^([0-9A-F]{2}:){5}[0-9A-F]{2}$',
      description: 'Bluetooth address of the device, in capitals',
      examples: ['C0:FF:EE:00:00:05'],
    },
  },
} as const

export const DEVICES = {
  type: 'array',
  description: 'The devices this box reads',
  minItems: 1,
  maxItems: 256,
  items: {
    type: 'object',
    discriminator: { propertyName: 'link' },
    oneOf: [SERIAL_DEVICE, TCP_DEVICE, UDP_DEVICE, TCP_LISTEN_DEVICE, BLE_DEVICE],
  },
} as const
