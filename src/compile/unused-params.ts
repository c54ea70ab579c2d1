// A param that nothing uses is most often a typo.
import type { PipelineSpec } from '../manifest/index.ts'
import type { Findings } from './findings.ts'
import { outline } from './pipeline.ts'

/** Code gets all params, so with a code step nothing is known of their use. */
export function warnUnusedParams(spec: PipelineSpec, used: ReadonlySet<string>, findings: Findings): void {
  if (outline(spec).some(({ steps }) => steps.some((step) => step.spec.code !== undefined))) return
  for (const name of Object.keys(spec.params ?? {})) {
    if (used.has(name)) continue
    findings.warning('UnusedParam', ['spec', 'params', name], {
      message: `nothing uses param "${name}"`,
      hint: `use it as $(params.${name}), or remove it`,
    })
  }
}
