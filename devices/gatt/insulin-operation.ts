import { refuseWord } from './hamming.ts'
import type { Field } from './layout.ts'

/** One op code of a control point: its name and what follows it. */
interface Operation {
  readonly name: string
  readonly operand?: Field
}

export type Operations = Readonly<Record<number, Operation>>

/** Op code, then its operand. */
export function operation(operations: Operations): Field {
  return (reader, out) => {
    const opCode = reader.u16()
    const found = operations[opCode]
    if (found === undefined) refuseWord(reader, opCode)
    else {
      out['opCode'] = found.name
      found.operand?.(reader, out)
    }
  }
}

/** The request that a response code answers. */
export function requestOpCode(operations: Operations): Field {
  return (reader, out) => {
    const opCode = reader.u16()
    const found = operations[opCode]
    if (found === undefined) refuseWord(reader, opCode)
    else out['requestOpCode'] = found.name
  }
}
