export * from './compile.ts'
export * from './input.ts'
export type { Problem } from './problem.ts'
export * from './problem-codes.ts'
