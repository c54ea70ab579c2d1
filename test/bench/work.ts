// The work that all contenders do, as ours is given it.
import { type PipelineDocument, pipeline, process, step } from 'loom-operator'

export const AGGREGATE =
  'SELECT category, count(*) AS n, sum(amount) AS total, max(quantity) AS most FROM csv GROUP BY category'

/** Steps that do next to nothing, one after the other, each into a table of its own. */
export function trivialPipeline(count: number): PipelineDocument {
  const steps = Array.from({ length: count }, (_, i) =>
    step(`s${i}`, { sql: 'SELECT 1 AS id, 2 AS v', target: { table: { ref: `demo.t${i}` } } }),
  )
  return pipeline('bench', {}, [process('load', steps)])
}
