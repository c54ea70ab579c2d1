// A pipeline that keeps workers busy for a while, in groups and one after another, and whose tables tell whether anything was
// done twice or not at all. Each run has a schema of its own.

type Step = Record<string, unknown>

const GROUP = 4
/** Some tenths of a second for an engine. */
const TOIL = '(SELECT max(a.range * b.range % 7) FROM range(3000) a, range(3000) b)'

const table = (ref: string, mode: object = { replace: {} }) => ({ table: { ref, ...mode } })
const from = (...refs: string[]) => Object.fromEntries(refs.map((ref) => [ref.split('.')[1], { table: { ref } }]))

/** @param schema of all its tables */
export function stormPipeline(schema: string): { processes: { name: string; steps: Step[] }[] } {
  const raw = Array.from({ length: GROUP }, (_, i) => `a${i}`)
  const extract = raw.map((name, i) => ({
    name,
    sql: `SELECT range AS id, (range * 7919 + ${i}) % 97 AS v, ${TOIL} AS six FROM range(20000)`,
    target: table(`${schema}.${name}`),
  }))
  const all = raw.map((name) => `SELECT * FROM ${name}`).join(' UNION ALL ')
  const joined = {
    name: 'joined',
    sources: from(...raw.map((name) => `${schema}.${name}`)),
    sql: `SELECT v, count(*) AS n, sum(id)::BIGINT AS total FROM (${all}) GROUP BY v`,
    target: table(`${schema}.joined`, { upsert: { keys: ['v'] } }),
  }
  const reading = { sources: from(`${schema}.joined`) }
  const marts = [
    {
      name: 'added',
      ...reading,
      sql: `SELECT v, n FROM joined WHERE ${TOIL} = 6`,
      target: table(`${schema}.added`, { append: {} }),
    },
    {
      name: 'parted',
      ...reading,
      sql: 'SELECT v % 5 AS part, v, n FROM joined',
      target: table(`${schema}.parted`, { replacePartitions: { by: ['part'] } }),
    },
    { name: 'between', ...reading, sql: 'SELECT v, total FROM joined', target: { temp: { name: 'between' } } },
  ]
  const last = {
    name: 'last',
    sources: { ...from(`${schema}.added`), between: { temp: { name: 'between' } } },
    sql: `SELECT count(*) AS rows, sum(n)::BIGINT AS n, sum(total)::BIGINT AS total FROM added JOIN between USING (v) WHERE ${TOIL} = 6`,
    target: table(`${schema}.last`),
  }
  return {
    processes: [
      { name: 'extract', steps: [{ parallel: extract }, joined] },
      { name: 'marts', steps: [{ parallel: marts }, last] },
    ],
  }
}

/** Tables that a run leaves. */
export const STORM_TABLES = GROUP + 4
