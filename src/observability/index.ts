export * from './events.ts'
export * from './log-observer.ts'
export * from './metrics.ts'
export * from './metrics-observer.ts'
