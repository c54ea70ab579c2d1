export * from './code.ts'
export { createDuckDbEngine } from './duckdb/engine.ts'
export type { DuckDbOptions } from './duckdb/instance.ts'
