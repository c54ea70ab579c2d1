export * from './errors.ts'
export * from './etl-runner.ts'
export * from './local-run.ts'
