export * from './step-agent.ts'
export * from './worker/worker-settings.ts'
