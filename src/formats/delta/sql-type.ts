// The engine's type texts as values, and back: `STRUCT("a b" INTEGER, c DECIMAL(10,2)[])`.

export type SqlType =
  /** Upper case: INTEGER, TIMESTAMP WITH TIME ZONE, … */
  | { kind: 'plain'; name: string }
  | { kind: 'decimal'; precision: number; scale: number }
  | { kind: 'list'; item: SqlType }
  | { kind: 'array'; item: SqlType; length: number }
  | { kind: 'map'; key: SqlType; value: SqlType }
  | { kind: 'struct' | 'union'; fields: { name: string; type: SqlType }[] }
  | { kind: 'enum'; values: string[] }
