// docs/operations.md knows every reason that a run, a step or a pool can have, and says right what happens next.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { REASONS } from '../../src/manifest/index.ts'
import { MAY_PASS } from '../../src/reconcile/judge-step.ts'
import { textOf } from './pages.ts'

const OF_A_STEP = ['its own fault', 'its pod', 'its worker pool']

/** Rows of the tables below `## Reasons`, by reason, with the heading that they stand under. */
function entries(): { reason: string; heading: string; cells: string[] }[] {
  const page = textOf('docs/operations.md')
  const section = page.slice(page.indexOf('\n## Reasons\n'), page.indexOf('\n## Disasters\n'))
  return section.split(/^### /m).flatMap((part) => {
    const [heading = '', ...lines] = part.split('\n')
    return lines.flatMap((line) => {
      const cells = line.split(' | ').map((cell) => cell.replace(/^\||\|$/g, '').trim())
      const reason = cells[0] ?? ''
      return /^[A-Z][A-Za-z]+$/.test(reason) ? [{ reason, heading, cells }] : []
    })
  })
}

it('the table of reasons has each reason once, and no other', () => {
  assert.deepEqual(
    entries()
      .map(({ reason }) => reason)
      .sort(),
    Object.keys(REASONS).sort(),
  )
})

it('the table of reasons says what a reason means and where to look', () => {
  for (const { reason, cells } of entries()) {
    assert.equal(cells.length, 4, `${reason} has ${cells.length} cells`)
    for (const cell of cells.slice(1, 3)) assert.ok(cell.length > 3, `${reason} lacks something`)
  }
})

it('the table of reasons says right which failures are worth another attempt', () => {
  const steps = entries().filter(
    ({ reason, heading, cells }) =>
      OF_A_STEP.some((of) => heading === `Of a step: ${of}`) ||
      (reason === 'TimedOut' && cells[1]?.includes('for a step')),
  )
  const again = steps.filter(({ cells }) => /Again: yes/.test(cells[1] ?? '')).map(({ reason }) => reason)
  assert.deepEqual(again.sort(), [...MAY_PASS].sort())
  for (const { reason, cells } of steps)
    if (reason !== 'DispatchFallback') assert.match(cells[1] ?? '', /Again: (yes|no|try)\b/, reason)
})
