export * from './builder.ts'
export * from './conditions.ts'
export { renderReference } from './crd/reference.ts'
export { renderCrds } from './crd/render.ts'
export { checkDocument, KINDS, type Kind, type ManifestDocument } from './document.ts'
export {
  type ParsedDocument,
  parseDocuments,
  parseFiles,
  parseValue,
  type SourceFile,
} from './parse.ts'
export { formatPath, type Path } from './path.ts'
export * from './pipeline.ts'
export * from './pod-settings.ts'
export { inFileOrder, type LocatedProblem, type Location, type Problem } from './problem.ts'
export { MANIFEST_PROBLEM_CODES } from './problem-codes.ts'
export * from './retry.ts'
export * from './run.ts'
export { API_VERSION } from './shared.ts'
export * from './source.ts'
export * from './status.ts'
export * from './storage.ts'
export * from './target.ts'
export { toYaml } from './to-yaml.ts'
export * from './worker-pool.ts'
export * from './worker-pool-status.ts'
