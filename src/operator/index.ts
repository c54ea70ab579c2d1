export * from './config.ts'
export * from './metrics.ts'
export * from './operator.ts'
export * from './rbac.ts'
