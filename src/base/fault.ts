// Faults are born with their treatment: the kind says what a retry would help, the code what went wrong.
// A message is one line: cannot <do what> <kind "name">: <why>; <way out>. Never a secret, never a stack.

/** What a caller should do about a fault: see docs/concepts/faults.md. */
export const FAULT_KINDS = ['invalid', 'denied', 'missing', 'conflict', 'transient', 'defect'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Where in the manifest a fault lies: a field path of the step (`sql`, `sources.csv.file.path`), and an offset into its text. */
export interface FaultPlace {
  field: string
  /** 0-based UTF-16 offset into the field's text as the user wrote it. */
  offset?: number
}

export interface FaultDetails {
  kind: FaultKind
  code: string
  message: string
  at?: FaultPlace
  cause?: unknown
}

/** The one error class that crosses folder borders. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly kind: FaultKind
  readonly code: string
  readonly at: FaultPlace | undefined

  constructor({ kind, code, message, at, cause }: FaultDetails) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.code = code
    this.at = at
  }
}

/** Turns whatever was thrown into a Fault; what is not one already is a defect of ours. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new Fault({ kind: 'defect', code: 'Defect', message: firstLine(message), cause: thrown })
}

/** The first line of a text, for messages that must stay on one line. */
export function firstLine(text: string): string {
  const end = text.indexOf('\n')
  return end < 0 ? text : text.slice(0, end)
}
