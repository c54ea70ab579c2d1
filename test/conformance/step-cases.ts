// One case for each kind of source, body and target that an engine may claim.
import type { BodyPlan, SourceKind, TargetKind, TargetPlan } from '../../src/plan/index.ts'
import { jsonFile, type Place, sql, tableSource } from './place.ts'

/** @returns the rows that the step gave */
export type StepCase = (place: Place) => Promise<unknown[]>

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)

const toTable: TargetPlan = {
  kind: 'table',
  ref: 'lake.t',
  write: { mode: 'append', partitionBy: [] },
  schema: 'strict',
  dropExtraColumns: false,
  failOnEmpty: false,
}
const ROWS = [{ id: 1 }, { id: 2 }]
const rows = { kind: 'rows', alias: 's', rows: ROWS, columns: [{ name: 'id', type: 'INTEGER' }] } as const
const source = { ...rows, rows: [...ROWS], columns: [...rows.columns] }

/** What every case gives. */
export const EXPECTED = ROWS

export const SOURCE_CASES: Partial<Record<SourceKind, StepCase>> = {
  async table(place) {
    await place.run([], sql('SELECT unnest([2, 1]) AS id'), toTable)
    await place.run([tableSource('s', 'lake.t')], sql('SELECT * FROM s ORDER BY id'), jsonFile('out.json'))
    return lines(place.get('out.json'))
  },
  async file(place) {
    place.put('in.json', '{"id": 1}\n{"id": 2}\n')
    const file = {
      kind: 'file',
      alias: 's',
      location: { path: 'in.json' },
      format: 'json',
      options: { inferSchemaLength: 100 },
    } as const
    await place.run([file], { kind: 'copy' }, jsonFile('out.json'))
    return lines(place.get('out.json'))
  },
  async temp(place) {
    await place.run([source], { kind: 'copy' }, { kind: 'temp', name: 'kept', scope: 'run', append: false })
    await place.run([{ kind: 'temp', alias: 's', name: 'kept' }], { kind: 'copy' }, jsonFile('out.json'))
    return lines(place.get('out.json'))
  },
  async rows(place) {
    await place.run([source], { kind: 'copy' }, jsonFile('out.json'))
    return lines(place.get('out.json'))
  },
}

const ofBody = (body: BodyPlan): StepCase => {
  return async (place) => {
    await place.run([source], body, jsonFile('out.json'))
    return lines(place.get('out.json'))
  }
}

export const BODY_CASES: Partial<Record<BodyPlan['kind'], StepCase>> = {
  copy: ofBody({ kind: 'copy' }),
  sql: ofBody(sql('SELECT id FROM s')),
  code: ofBody({ kind: 'code', inline: 'export default () => "SELECT id FROM s"' }),
}

export const TARGET_CASES: Partial<Record<TargetKind, StepCase>> = {
  async table(place) {
    await place.run([source], { kind: 'copy' }, toTable)
    return await place.table('lake.t')
  },
  async file(place) {
    await place.run([source], { kind: 'copy' }, jsonFile('out.json'))
    return lines(place.get('out.json'))
  },
  temp: async (place) => (await SOURCE_CASES.temp?.(place)) ?? [],
}
