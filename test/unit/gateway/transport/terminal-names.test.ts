import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { terminalsNamed } from '../../../../gateway/transport/terminal-names.ts'
import { tempDir } from '../../../support/temp-dir.ts'

let dir = tempDir()

beforeEach(() => {
  dir = tempDir()
  mkdirSync(join(dir.path, 'by-id'))
  for (const name of ['ttyUSB0', 'ttyUSB1', 'ttyUSB10', 'ttyS0', 'tty.USB'])
    writeFileSync(join(dir.path, name), '')
  symlinkSync(join(dir.path, 'ttyUSB1'), join(dir.path, 'by-id', 'usb-FTDI_A1-if00'))
  symlinkSync(join(dir.path, 'ttyUSB9'), join(dir.path, 'by-id', 'usb-gone'))
})

afterEach(() => dir.remove())

it.each([
  { name: 'a path', patterns: ['ttyUSB0'], found: ['ttyUSB0'] },
  { name: 'a path that is not there', patterns: ['ttyUSB7'], found: [] },
  { name: 'any ending', patterns: ['ttyUSB*'], found: ['ttyUSB0', 'ttyUSB1', 'ttyUSB10'] },
  { name: 'one character', patterns: ['ttyUSB?'], found: ['ttyUSB0', 'ttyUSB1'] },
  { name: 'a dot that is a dot', patterns: ['tty.USB*'], found: ['tty.USB'] },
  {
    name: 'links, without those that lead nowhere',
    patterns: ['by-id/*'],
    found: ['by-id/usb-FTDI_A1-if00'],
  },
  {
    name: 'each terminal once, under its first name',
    patterns: ['by-id/*', 'ttyUSB?'],
    found: ['by-id/usb-FTDI_A1-if00', 'ttyUSB0'],
  },
  { name: 'a directory that is not there', patterns: ['by-path/*'], found: [] },
  { name: 'nothing', patterns: [], found: [] },
])('terminals are named by $name', ({ patterns, found }) => {
  expect(terminalsNamed(patterns.map((each) => join(dir.path, each)))).toEqual(
    found.map((each) => join(dir.path, each)),
  )
})

it('of a pattern that fits everything the first 32 are taken', () => {
  for (let count = 0; count < 50; count++) writeFileSync(join(dir.path, `x${count}`), '')
  expect(terminalsNamed([join(dir.path, '*')])).toHaveLength(32)
})

it('a reserved terminal is not named, under whichever name it is reserved', () => {
  const found = terminalsNamed([join(dir.path, 'ttyUSB?')], [join(dir.path, 'by-id', 'usb-FTDI_A1-if00')])
  expect(found).toEqual([join(dir.path, 'ttyUSB0')])
})
