/** `/schema/v1/{name}.json`: the payload schemas, which are no secret and carry no reading. */

import { SCHEMAS } from '../contract/reading.schema.ts'
import type { Route } from './route.ts'

export function createSchemaRoutes(): readonly Route[] {
  return Object.entries(SCHEMAS).map(([name, schema]): Route => {
    const body = `${JSON.stringify(schema, undefined, 2)}\n`
    return {
      method: 'GET',
      path: `/schema/v1/${name}.json`,
      bodyBytes: 0,
      handle: async () => ({ status: 200, headers: { 'content-type': 'application/schema+json' }, body }),
    }
  })
}
