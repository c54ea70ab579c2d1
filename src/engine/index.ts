export * from './code.ts'
export type { BoundStep, KnownResults } from './duckdb/bind.ts'
export { createDuckDbEngine, type DuckDbEngine } from './duckdb/engine.ts'
export { defaultExtensionsFolder, installExtension, installedExtensions } from './duckdb/extension-files.ts'
