// What may not change any more once an object has started, as CEL on the whole object: only there both spec and status are seen.
import type { CelRule, StructuralSchema } from './structural-schema.ts'

/**
 * One rule for each field of the spec that is fixed from the start on, so that each has its own message.
 * @param mutable fields that may be changed at any time
 */
export function fixedAfterStart(spec: StructuralSchema, mutable: readonly string[]): CelRule[] {
  return Object.keys(spec.properties ?? {})
    .filter((field) => !mutable.includes(field))
    .map((field) => ({
      rule: `!has(oldSelf.status) || !has(oldSelf.status.startedAt) || ${isSame(`spec.${field}`)}`,
      message: `spec.${field} can not be changed once the run has started; make a new run`,
    }))
}

/** For a number whose absence is 0. */
export function onlyGrows(field: string): CelRule {
  const value = (of: string) => `(has(${of}.spec.${field}) ? ${of}.spec.${field} : 0)`
  return { rule: `${value('self')} >= ${value('oldSelf')}`, message: `spec.${field} may only grow` }
}

const isSame = (path: string): string =>
  `(has(self.${path}) ? has(oldSelf.${path}) && self.${path} == oldSelf.${path} : !has(oldSelf.${path}))`
