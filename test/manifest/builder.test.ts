// The typed builder gives the very documents that YAML gives.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  parallel,
  param,
  parseDocuments,
  parseValue,
  pipeline,
  process,
  run,
  step,
  storage,
  toYaml,
} from '../../src/manifest/index.ts'
import { PATH_FILTERS } from '../../src/plan/index.ts'

const YAML = `apiVersion: loom.etl/v1alpha1
kind: ETLPipeline
metadata:
  name: flights
  labels: {team: air}
spec:
  description: All flights.
  params:
    month: {type: date, description: First day of the month.}
    carriers: {type: list, items: string, default: []}
  processes:
    - name: ingest
      description: As they are.
      steps:
        - name: raw_flights
          sources:
            csv: {file: {path: "data/$(params.month | year-month).csv.gz", format: csv, csv: {nullValues: [NA]}}}
          sql: SELECT * FROM csv WHERE day >= $(params.month)
          target: {table: {ref: raw.flights, replacePartitions: {by: [month]}}}
          timeout: 5m
        - parallel:
            - {name: a, sources: {f: {table: {ref: raw.flights, where: [x, z]}}}, target: {temp: {name: t, append: true}}}
            - {name: b, code: {module: b.ts}, target: {file: {path: out.csv, format: csv}}}
    - parallel:
        - {name: p, steps: [{name: c, sql: SELECT 1, target: {table: {ref: m.c}}}]}
        - {name: q, steps: [{name: d, sql: SELECT 2, target: {table: {ref: m.d, upsert: {keys: [id]}}}}]}
`

const built = pipeline(
  'flights',
  {
    description: 'All flights.',
    labels: { team: 'air' },
    params: {
      month: { type: 'date', description: 'First day of the month.' },
      carriers: { type: 'list', items: 'string', default: [] },
    },
  },
  ({ month }) => [
    process(
      'ingest',
      [
        step('raw_flights', {
          sources: {
            csv: {
              file: { path: `data/${param('month', 'year-month')}.csv.gz`, format: 'csv', csv: { nullValues: ['NA'] } },
            },
          },
          sql: `SELECT * FROM csv WHERE day >= ${month}`,
          target: { table: { ref: 'raw.flights', replacePartitions: { by: ['month'] } } },
          timeout: '5m',
        }),
        parallel(
          step('a', {
            sources: { f: { table: { ref: 'raw.flights', where: ['x', 'z'] } } },
            target: { temp: { name: 't', append: true } },
          }),
          step('b', { code: { module: 'b.ts' }, target: { file: { path: 'out.csv', format: 'csv' } } }),
        ),
      ],
      { description: 'As they are.' },
    ),
    parallel(
      process('p', [step('c', { sql: 'SELECT 1', target: { table: { ref: 'm.c' } } })]),
      process('q', [step('d', { sql: 'SELECT 2', target: { table: { ref: 'm.d', upsert: { keys: ['id'] } } } })]),
    ),
  ],
)

describe('the builder', () => {
  it('gives the document that the same pipeline gives as YAML', () => {
    const { documents, problems } = parseDocuments(YAML, 'in.yaml')
    assert.deepEqual(problems, [])
    assert.deepEqual(built, documents[0]?.value)
  })

  it('comes back equal through its own YAML', () => {
    assert.deepEqual(parseDocuments(toYaml(built), 'out.yaml').documents[0]?.value, built)
  })

  it('builds runs and storages too', () => {
    const one = run('r', { pipelineRef: { name: 'flights' }, params: { month: '2013-01-01' }, timeout: '2h' })
    const place = storage('default', { defaults: { tablePath: { uri: 'lake' } } })
    for (const document of [one, place]) {
      const { documents, problems } = parseDocuments(toYaml(document), 'out.yaml')
      assert.deepEqual(problems, [])
      assert.deepEqual(documents[0]?.value, document)
    }
  })

  it('leaves out what is undefined, as YAML would', () => {
    const { spec } = pipeline('p', {}, [process('a', [step('s', Object({ sql: undefined }))])])
    assert.deepEqual(spec, { processes: [{ name: 'a', steps: [{ name: 's' }] }] })
  })

  it('is checked where it is used: mistakes that types do not see are found by field path', () => {
    const wrong = pipeline('Bad Name', {}, [process('a', [step('s', { timeout: 'soon' })])])
    assert.deepEqual(
      parseValue(wrong, 'p.ts').problems.map(({ path }) => path),
      ['metadata.name', 'spec.processes[0].steps[0].timeout'],
    )
  })

  it('refuses by its types what no manifest may say', () => {
    // @ts-expect-error: two kinds of source
    step('s', { sources: { a: { table: { ref: 'a.b' }, temp: { name: 't' } } } })
    // @ts-expect-error: no kind of target
    step('s', { target: {} })
    // @ts-expect-error: two write modes
    step('s', { target: { table: { ref: 'a.b', append: {}, upsert: { keys: ['id'] } } } })
    // @ts-expect-error: a field of nowhere
    step('s', { sqll: 'SELECT 1' })
    // @ts-expect-error: an unknown filter
    param('month', 'week')
    // @ts-expect-error: steps and processes in one group
    parallel(step('s', {}), process('p', []))
    // @ts-expect-error: a param that is not declared
    pipeline('p', { params: { month: { type: 'date' } } }, ({ mnth }) => [process('a', [step('s', { sql: mnth })])])
    // @ts-expect-error: an unknown type of param
    pipeline('p', { params: { month: { type: 'month' } } }, [])
  })

  it('knows the filters that paths have', () => {
    const filters: Record<NonNullable<Parameters<typeof param>[1]>, true> = {
      date: true,
      year: true,
      'year-month': true,
    }
    assert.deepEqual(Object.keys(filters).sort(), Object.keys(PATH_FILTERS).sort())
  })
})
