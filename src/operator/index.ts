export * from './config.ts'
export * from './operator.ts'
