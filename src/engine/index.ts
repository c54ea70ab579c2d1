export * from './code.ts'
export type { BoundStep, KnownResults } from './duckdb/bind.ts'
export { createDuckDbEngine, type DuckDbEngine } from './duckdb/engine.ts'
