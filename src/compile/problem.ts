// What is wrong with a manifest: all problems at once, each with a place and a way out. The same shape as for reading.
export type { Problem } from '../manifest/index.ts'
