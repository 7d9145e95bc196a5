/**
 * The configuration file: the one place that says which keys there are. It checks the file, it is the type of what
 * was read, and docs/configuration.md is its table. No key switches a protection off.
 */

import { ADDRESS, DEVICES, ID, PATH } from './device.schema.ts'
import type { FromSchema } from './from-schema.ts'

const URL = { type: 'string', minLength: 1, maxLength: 512 } as const
// 0 lets the system choose.
const LISTEN_PORT = { type: 'integer', minimum: 0, maximum: 65_535 } as const

const LISTEN_HOST = {
  ...ADDRESS,
  description: 'Address to bind; private, loopback, or 0.0.0.0 and :: for all',
  examples: ['127.0.0.1'],
} as const

const BROKER = {
  type: 'object',
  description: 'Makes this process a ward gateway',
  additionalProperties: false,
  required: ['listen'],
  properties: {
    listen: {
      type: 'array',
      description: 'Where MQTT over mutual TLS is served; without TLS it is served nowhere',
      minItems: 1,
      maxItems: 16,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['host', 'port'],
        properties: {
          host: LISTEN_HOST,
          port: { ...LISTEN_PORT, description: 'TCP port; 0 lets the system choose', examples: [8883] },
          tls: {
            enum: ['1.3', '1.2'],
            default: '1.3',
            description: 'Lowest TLS version, in quotes; 1.2 with modern suites alone, for old devices',
            examples: ['1.3'],
          },
        },
      },
    },
  },
} as const

const WEB = {
  type: 'object',
  description: 'Serves HTTPS: enrolment, log-in and MQTT over WebSocket; not served when absent',
  additionalProperties: false,
  required: ['listen'],
  properties: {
    listen: {
      type: 'array',
      description: 'Where HTTPS is served, TLS 1.3 alone',
      minItems: 1,
      maxItems: 16,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['host', 'port'],
        properties: {
          host: LISTEN_HOST,
          port: { ...LISTEN_PORT, description: 'TCP port; 0 lets the system choose', examples: [8443] },
        },
      },
    },
    origins: {
      type: 'array',
      description: 'Pages of other servers that may use this one; its own pages always may',
      maxItems: 16,
      default: [],
      items: {
        ...URL,
        description: 'Origin of such a page, as browsers write it',
        examples: ['https://station.hospital.internal'],
      },
    },
  },
} as const

const BEDSIDE = {
  type: 'object',
  description: 'Makes this process read devices',
  additionalProperties: false,
  required: ['id', 'devices'],
  properties: {
    id: { ...ID, description: 'This bedside box; the id of its certificate', examples: ['box-1'] },
    broker: {
      ...URL,
      description: 'The ward gateway to publish to; its own listener when `broker` is there',
      examples: ['mqtts://10.0.4.2:8883'],
    },
    renewAt: {
      ...URL,
      description:
        'Where this box renews its certificate when it has no store; the host of `bedside.broker` at port 8443 when absent',
      examples: ['https://10.0.4.2:8443'],
    },
    devices: DEVICES,
  },
} as const

const UPLINK = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'url', 'topics', 'identity', 'ca'],
  properties: {
    id: { ...ID, description: 'Names the uplink in logs and events', examples: ['hospital'] },
    url: {
      ...URL,
      description: 'Broker to forward to; its address has to be private at every connect',
      examples: ['mqtts://broker.hospital.internal:8883'],
    },
    allow: {
      type: 'array',
      description: 'Narrows the networks the URL may lead to; private ranges only',
      minItems: 1,
      maxItems: 64,
      items: { ...ADDRESS, description: 'A private network', examples: ['10.0.0.0/8'] },
    },
    topics: {
      type: 'array',
      description: 'What is forwarded; filters over trusted topics',
      minItems: 1,
      maxItems: 64,
      items: {
        type: 'string',
        pattern: '^vitals/v1(/(\\+|[a-z0-9-]{1,32}))*(/#)?$',
        description: 'Topic filter below vitals/v1/',
        examples: ['vitals/v1/+/+/+/numeric'],
      },
    },
    prefix: {
      type: 'string',
      pattern: '^([A-Za-z0-9_.-]+/)*$',
      maxLength: 128,
      default: '',
      description: 'Put before every forwarded topic; empty, or ends in /',
      examples: ['site-a/'],
    },
    identity: { ...ID, description: 'Uplink certificate of the store to log in with', examples: ['up-1'] },
    ca: {
      ...PATH,
      description: 'PEM file of the CA that the far end must prove',
      examples: ['./hospital-ca.pem'],
    },
  },
} as const

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export const CONFIG_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'wardgate configuration',
  type: 'object',
  additionalProperties: false,
  required: ['gateway', 'state'],
  properties: {
    gateway: { ...ID, description: 'This gateway, in topics and payloads', examples: ['gw-1'] },
    state: {
      ...PATH,
      description: 'Directory of certificates, inventory and journal, relative to this file',
      examples: ['./state'],
    },
    site: {
      type: 'string',
      pattern: '^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$',
      description: 'Site name in the certificates; that of the certificate store when absent',
      examples: ['wardgate'],
    },
    log: {
      type: 'object',
      description: 'The log, one JSON object a line on stderr',
      additionalProperties: false,
      default: {},
      properties: {
        level: {
          enum: LOG_LEVELS,
          default: 'info',
          description: 'The least severe line that is written',
          examples: ['info'],
        },
      },
    },
    broker: BROKER,
    web: WEB,
    health: {
      type: 'object',
      description: 'Serves /metrics, /healthz and /readyz; not served when absent',
      additionalProperties: false,
      required: ['host', 'port'],
      properties: {
        host: { ...ADDRESS, description: 'Loopback address to bind', examples: ['127.0.0.1'] },
        port: { ...LISTEN_PORT, description: 'TCP port; 0 lets the system choose', examples: [9464] },
      },
    },
    bedside: BEDSIDE,
    uplinks: {
      type: 'array',
      description: 'Brokers that trusted readings are forwarded to',
      maxItems: 16,
      default: [],
      items: UPLINK,
    },
  },
} as const

/** What a checked file holds, paths as written. */
export type ConfigFile = FromSchema<typeof CONFIG_SCHEMA>
