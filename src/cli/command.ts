// What a command of `loom` is: an entry of the table from which help and completion are made.
import type { Arguments, Option } from './arguments.ts'
import type { Io } from './io.ts'

export interface Command {
  name: string
  /** After the name: `<TABLE>`, `[...runs]`. */
  args: string
  description: string
  options: readonly Option[]
  examples: readonly string[]
  run: (args: string[], options: Arguments['options'], io: Io) => Promise<number>
}
