import { expect } from '@jest/globals'

/** As text first: comparing thousands of objects one by one takes seconds, and is only of use where they differ. */
export function expectSame(found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) expect(found).toEqual(expected)
}
