import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownText, stepLabel, workerLines } from '../../src/remote/log-lines.ts'

const worker = (fields: object): string =>
  JSON.stringify({ level: 30, time: 0, worker: 'w-1', pool: 'etl/warm', ...fields })
const of = (runUid: string, step: string, more: object = {}) => ({
  runUid,
  process: 'main',
  step,
  attempt: 1,
  try: 1,
  ...more,
})

const LOG = [
  worker({ msg: 'connected to the broker' }),
  worker({ msg: 'step starts', ...of('other', 'a') }),
  'printed by the step of another run',
  worker({ msg: 'step ended', state: 'Succeeded', ...of('other', 'a') }),
  worker({ msg: 'step starts', ...of('mine', 'a') }),
  'printed by mine',
  '{"level":"of its own"}',
  worker({ msg: 'table is new', ...of('mine', 'a') }),
  worker({ msg: 'step ended', state: 'Succeeded', ...of('mine', 'a') }),
  'printed between two steps',
  worker({ msg: 'step starts', ...of('mine', 'b', { attempt: 2, try: 3 }) }),
  'printed by b',
  worker({ msg: 'draining', running: 'b' }),
  'printed by b while the worker drains',
]

const linesOf = (isWanted: (step: { step: string }) => boolean): string[] => {
  const take = workerLines('mine', isWanted)
  return LOG.flatMap((text) => {
    const line = take(text)
    return line === undefined ? [] : [`${stepLabel(line)}: ${shownText(line.text)}`]
  })
}

test("of a worker's log, the lines of the run's steps are taken, and what their code printed between", () => {
  assert.deepEqual(
    linesOf(() => true),
    [
      'main/a: 00:00:00.000 info  step starts',
      'main/a: printed by mine',
      'main/a: {"level":"of its own"}',
      'main/a: 00:00:00.000 info  table is new',
      'main/a: 00:00:00.000 info  step ended  state=Succeeded',
      'main/b attempt 2 try 3: 00:00:00.000 info  step starts',
      'main/b attempt 2 try 3: printed by b',
      'main/b attempt 2 try 3: printed by b while the worker drains',
    ],
  )
})

test('only the lines of the steps that are asked for are taken', () => {
  assert.deepEqual(
    linesOf(({ step }) => step === 'b').map((line) => line.split(':')[0]),
    ['main/b attempt 2 try 3', 'main/b attempt 2 try 3', 'main/b attempt 2 try 3'],
  )
  assert.deepEqual(
    linesOf(() => false),
    [],
  )
})

test('our lines are shown with what nobody knows yet; what is none of ours is shown as it is', () => {
  const shown: [string, string][] = [
    [
      JSON.stringify({
        level: 40,
        time: 1_000,
        msg: 'slow',
        rows: 3,
        code: 'X',
        deep: { a: 1 },
        step: 's',
        none: null,
      }),
      '00:00:01.000 warn  slow  rows=3  code=X  deep={"a":1}',
    ],
    ['{"level":30,"msg":"no time"}', '{"level":30,"msg":"no time"}'],
    ['{"level":30,"time":9e99,"msg":"late"}', 'info  late'],
    ['{"half', '{"half'],
    ['plain', 'plain'],
    ['', ''],
    ['[1]', '[1]'],
  ]
  for (const [text, expected] of shown) assert.equal(shownText(text), expected)
})
