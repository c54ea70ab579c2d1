// What a command may touch of the world around it, so that tests can give it another one.

export interface Io {
  out: (text: string) => void
  err: (text: string) => void
  /** Standard error is a terminal that understands cursor movements. */
  liveTerminal: boolean
  colour: boolean
  /** How large the terminal is now. */
  screen: () => { rows: number; columns: number }
  cwd: string
  /** How this is called: `loom`, or `kubectl loom` as a plugin. Absent: `loom`. */
  program?: string
  env: Record<string, string | undefined>
  /** Aborted by the first Ctrl-C or SIGTERM. */
  signal: AbortSignal
  /** Of Ctrl-C and SIGTERM. While they are let go, either ends the process at once. Absent: there are none. */
  handlers?: { letGo: () => void; takeBack: () => void }
}

export const EXIT = { succeeded: 0, failed: 1, invalid: 2, interrupted: 130 } as const

/** A mistake in how the command was called: one line, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

export type Paint = (style: keyof typeof CODES, text: string) => string

export const painter =
  ({ colour }: Pick<Io, 'colour'>): Paint =>
  (style, text) =>
    colour ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text
