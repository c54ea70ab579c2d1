// What compiling one step shares: the placeholders, the findings, and where in the document the step stands.
import type { Path, StepSpec, StorageSpec } from '../manifest/index.ts'
import type { EngineName } from '../plan/index.ts'
import type { Findings } from './findings.ts'
import type { CompileFacts } from './input.ts'
import type { Placeholders } from './placeholders.ts'

export interface StepScope {
  process: string
  step: StepSpec
  path: Path
  placeholders: Placeholders
  findings: Findings
  facts: CompileFacts
  storage: StorageSpec
  engine: EngineName
}

/** `step "raw_flights"`, as messages name it. */
export const named = ({ step }: Pick<StepScope, 'step'>): string => `step "${step.name}"`
