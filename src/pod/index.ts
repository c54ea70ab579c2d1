export * from './step-agent.ts'
