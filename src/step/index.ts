export * from './context.ts'
export * from './session.ts'
export * from './store.ts'
export * from './temps.ts'
