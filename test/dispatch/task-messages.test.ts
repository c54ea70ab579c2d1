// How a step travels to a worker.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { packTask, unpackTask } from '../../src/dispatch/index.ts'
import { taskOf } from '../../src/plan/index.ts'
import { lakeTask, sqlStep } from '../cluster/support/lake-task.ts'

const ID = { runUid: 'u1', process: 'main', step: 's', attempt: 1, try: 1 }
const task = (sql: string) => lakeTask('/lake', sqlStep('s', sql), ID)

describe('a task of a lease', () => {
  it('arrives as it was sent, short or long', () => {
    for (const one of [task('SELECT 1 AS a'), task(`SELECT '${'ä'.repeat(50_000)}' AS a`)])
      assert.deepEqual(unpackTask(packTask(one)), one)
  })

  it('is small when it is long and says the same over and over', () => {
    assert.ok(packTask(task(`SELECT '${'a'.repeat(50_000)}' AS a`)).length < 5_000)
  })

  it('is none when it is damaged', () => {
    for (const text of ['', '{', '{"step":', 'H4sI', 'nonsense']) assert.equal(unpackTask(text), undefined, text)
  })

  it('names the places of its own step, and no others of a storage', () => {
    const { plan, binding, step, run } = task('SELECT 1 AS a')
    const place = binding.tables['raw.s']
    assert.ok(place !== undefined)
    const wide = { ...binding, tables: { 'raw.other': place, 'raw.s': place }, files: { report: place as never } }
    assert.deepEqual(taskOf(step, { plan, binding: wide, run }).binding, binding)
    assert.deepEqual(taskOf(step, { plan, binding: { ...binding, tables: {} }, run }).binding.tables, {})
  })
})
