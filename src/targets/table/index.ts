export { tableTarget } from './adapter.ts'
