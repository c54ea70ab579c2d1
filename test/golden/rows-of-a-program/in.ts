// A program can give values that no YAML holds.
import { pipeline, process, step } from '../../../src/manifest/index.ts'

export default [
  pipeline('made', {}, [
    process('ingest', [
      step('one', {
        sources: { r: { rows: { values: [{ fine: [1, { a: null }], day: new Date(0), big: 1n, no: Number.NaN }] } } },
        target: { temp: { name: 'one' } },
      }),
    ]),
  ]),
]
