// A pipeline whose plan is too large to lie in its ConfigMap as plain text.
const apiVersion = 'loom.etl/v1alpha1'
const steps = Array.from({ length: 60 }, (_, i) => ({
  name: `step-${i}`,
  sources: { given: { rows: { values: [{ n: 1 }] } } },
  sql: `SELECT n, '${'text '.repeat(1000)}' AS words FROM given WHERE n > ${i}`,
  target: { table: { ref: `raw.t${i}` } },
}))

export default [
  { apiVersion, kind: 'ETLStorage', metadata: { name: 'default' }, spec: { defaults: { tablePath: { uri: '/lake' } } } },
  { apiVersion, kind: 'ETLRun', metadata: { name: 'large' }, spec: { pipeline: { processes: [{ name: 'main', steps }] } } },
]
