import { propertyWords, readClientConfiguration, readDeclaration } from '../framing/att-declaration.ts'
import type { Field } from './layout.ts'

/** 2803 Characteristic Declaration. */
export const characteristicDeclaration: Field = (reader, out) => {
  const parsed = readDeclaration(reader.rest())
  if (!parsed.ok) {
    reader.refuse(parsed.reason)
    return
  }
  out['properties'] = propertyWords(parsed.value.properties)
  out['valueHandle'] = parsed.value.valueHandle
  out['uuid'] = parsed.value.uuid
}

/** 2902 Client Characteristic Configuration. */
export const clientConfiguration: Field = (reader, out) => {
  const parsed = readClientConfiguration(reader.rest())
  if (parsed.ok) Object.assign(out, parsed.value)
  else reader.refuse(parsed.reason)
}
