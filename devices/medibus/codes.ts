/** Command codes. The driver sends those of REQUESTS, and nothing that starts, stops or sets anything on the device. */

export const CODE = {
  nak: 0x15,
  nop: 0x30,
  measured1: 0x24,
  lowLimits1: 0x25,
  highLimits1: 0x26,
  alarms1: 0x27,
  dateTime: 0x28,
  settings: 0x29,
  texts: 0x2a,
  measured2: 0x2b,
  lowLimits2: 0x2c,
  highLimits2: 0x2d,
  alarms2: 0x2e,
  timeChanged: 0x49,
  configureData: 0x4a,
  icc: 0x51,
  deviceId: 0x52,
  realtimeRequest: 0x53,
  realtimeConfigure: 0x54,
  stop: 0x55,
  realtimeChanged: 0x56,
} as const

const NAMES: Readonly<Record<number, string>> = {
  [CODE.nak]: 'NAK',
  [CODE.nop]: 'NOP',
  [CODE.measured1]: 'measured data, page 1',
  [CODE.lowLimits1]: 'low limits, page 1',
  [CODE.highLimits1]: 'high limits, page 1',
  [CODE.alarms1]: 'alarms, page 1',
  [CODE.dateTime]: 'date and time',
  [CODE.settings]: 'settings',
  [CODE.texts]: 'text messages',
  [CODE.measured2]: 'measured data, page 2',
  [CODE.lowLimits2]: 'low limits, page 2',
  [CODE.highLimits2]: 'high limits, page 2',
  [CODE.alarms2]: 'alarms, page 2',
  [CODE.timeChanged]: 'time changed',
  [CODE.configureData]: 'configure data response',
  [CODE.icc]: 'ICC',
  [CODE.deviceId]: 'device id',
  [CODE.realtimeRequest]: 'realtime configuration',
  [CODE.realtimeConfigure]: 'configure realtime',
  [CODE.stop]: 'STOP',
  [CODE.realtimeChanged]: 'realtime configuration changed',
}

export function commandName(code: number): string {
  return NAMES[code] ?? `code ${code.toString(16).padStart(2, '0').toUpperCase()}`
}
