import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { EST_REFUSALS } from '../../../gateway/web/est-refusals.ts'

it('every reason for a refused enrolment is explained in docs/enrolment.md, and nothing else is', () => {
  const page = readFileSync(new URL('../../../docs/enrolment.md', import.meta.url), 'utf8')
  const table = page.slice(page.indexOf('| reason '), page.indexOf('Successes are events'))
  const explained = [...table.matchAll(/^\|([^|]+)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z0-9-]+)`/g)].map(([, reason]) => reason),
  )
  expect(explained).toEqual([...EST_REFUSALS])
})
