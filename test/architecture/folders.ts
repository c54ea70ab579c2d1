// The folders of src and what each may import: the one table behind the import rules.

const STEP_CONTRACT = ['step', 'plan', 'base']

/** folder → folders that it may import, beside itself. `cli` may import all. */
export const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  manifest: ['base'],
  plan: ['base'],
  compile: ['manifest', 'plan', 'base'],
  observability: ['plan', 'base'],
  // The step side: never manifest, never compile.
  step: ['plan', 'base'],
  formats: STEP_CONTRACT,
  sources: ['formats', ...STEP_CONTRACT],
  targets: ['formats', ...STEP_CONTRACT],
  engine: ['sources', 'targets', 'formats', ...STEP_CONTRACT, 'observability'],
  runner: ['engine', 'formats', ...STEP_CONTRACT, 'observability'],
  // Steps for warm workers, over a broker: what both sides say, and who has which lease.
  dispatch: ['plan', 'base'],
  // The operator side: never an engine.
  reconcile: ['compile', 'manifest', 'plan', 'base'],
  effects: ['dispatch', 'reconcile', 'compile', 'manifest', 'plan', 'base', 'observability'],
  // One step in a pod, and the steps of a warm worker.
  pod: ['dispatch', 'runner', 'engine', 'formats', 'step', 'plan', 'base', 'observability'],
  operator: ['effects', 'dispatch', 'reconcile', 'compile', 'manifest', 'plan', 'base', 'observability'],
  // What people ask of the runs on a cluster, with their own rights: never the operator.
  remote: ['effects', 'reconcile', 'manifest', 'plan', 'base'],
  // The ways in.
  library: ['dispatch', 'compile', 'manifest', 'runner', 'engine', 'formats', ...STEP_CONTRACT, 'observability'],
}

/** May import every folder, and single files lazily, so that a command loads only what it needs. */
export const COMMANDS = 'cli'

export const STEP_SIDE = ['step', 'formats', 'sources', 'targets', 'engine', 'runner']
export const OPERATOR_SIDE = ['reconcile', 'effects', 'operator']

/** Values in, values out: no clock, no chance, no environment, no I/O. Each with what it may import from outside. */
export const PURE: Record<string, readonly string[]> = {
  base: [],
  manifest: ['zod', 'yaml'],
  plan: [],
  compile: [],
  reconcile: ['node:zlib'],
}

/** Imports of single files that are pure, though their module is not one of the above. */
export const PURE_EXCEPTIONS: Record<string, readonly string[]> = { 'base/hash.ts': ['node:crypto'] }

export const MOST_LINES = 250
export const NAMES_THAT_FIT_ANYTHING = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'lib']
