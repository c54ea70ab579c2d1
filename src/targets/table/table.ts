// Writes a step's result to a Delta table, exactly once (design §5): data files first, then one commit that also carries
// the step's `txn`. If the table has that already, nothing is done.
//
// Invariants
// TT1 Until its commit a write is invisible; one that surely ends without a commit takes its files away, as far as it can.
// TT2 After a conflict the table is read anew and the change is made anew, so often and no oftener.
// TT3 A write that changes no rows commits its `txn` all the same.
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../../base/index.ts'
import { type CommitResult, commit, discardFiles } from '../../formats/index.ts'
import { type TableTarget, txnAppId, type WriteResult } from '../../plan/index.ts'
import type { SqlSession, StepContext } from '../../step/index.ts'
import { explained } from './cast-fault.ts'
import { commitNote } from './commit-note.ts'
import { existingTable, tableLocation } from './location.ts'
import type { ModeOutcome } from './mode.ts'
import { runMode } from './modes/index.ts'
import { type Preparation, prepare } from './prepare.ts'

const MOST_TRIES = 20
const LONGEST_PAUSE_MS = 200

/** @throws Fault; conflict TableBusy when others keep changing what the write rests on */
export async function writeTable(
  query: string,
  target: TableTarget,
  session: SqlSession,
  context: StepContext,
): Promise<WriteResult> {
  const handle = { store: context.openStore(tableLocation(target.ref, context).uri), session }
  const columns = await session.describe(query)
  const writing: Preparation = { query, columns, target, handle, session, context, kept: {} }
  let reason = ''
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const tried = await writeOnce(writing)
    if (!('conflict' in tried)) return tried
    reason = tried.conflict
    // an interrupt ends the pause; what comes next sees it
    await pause(jitter(context.newId(), tries), undefined, { signal: context.signal }).catch(() => undefined)
  }
  throw new Fault({
    kind: 'conflict',
    code: 'TableBusy',
    message: `cannot write table "${target.ref}": others changed it ${MOST_TRIES} times while this write was made, the last time ${reason}; run the step again when less is written to the table`,
  })
}

async function writeOnce(writing: Preparation): Promise<WriteResult | { conflict: string }> {
  const { target, handle, context } = writing
  const { process, step } = context.info
  const txn = { appId: txnAppId(context.info, process, step), version: 1 }
  const base = await existingTable(handle, target, context)
  if (base?.transactions.has(txn.appId)) return already(base.version)
  const { write, metadata, protocol } = await prepare(writing, base)
  context.onProgress({ phase: 'write' })
  const outcome = await runMode(write, target.write, context).catch(async (thrown: unknown) => {
    throw await explained(thrown, write)
  })
  // Once the commit has been tried and its fate is not known, the files may be the table's: then they stay.
  let tried = false
  try {
    refuseEmpty(target, outcome)
    context.onProgress({ phase: 'commit', rows: outcome.rows })
    const result = await commit({
      handle,
      base,
      change: {
        add: outcome.add,
        remove: outcome.remove,
        txn,
        ...(metadata === undefined ? {} : { metadata }),
        ...(protocol === undefined ? {} : { protocol }),
      },
      reads: outcome.reads,
      info: commitNote(target, outcome, { created: base === undefined, info: context.info }),
      now: context.now,
      newId: context.newId,
      assertMayCommit: async () => {
        await assertMayCommit(context)
        tried = true
      },
    })
    if (result.kind !== 'committed') await discardFiles(handle, outcome.add)
    return settled(result, outcome)
  } catch (thrown) {
    if (!tried) await discardFiles(handle, outcome.add)
    throw thrown
  }
}

function settled(result: CommitResult, outcome: ModeOutcome): WriteResult | { conflict: string } {
  switch (result.kind) {
    case 'committed':
      return {
        rows: outcome.rows,
        bytes: outcome.add.reduce((sum, file) => sum + file.size, 0),
        files: outcome.add.length,
        tableVersion: result.version,
        warnings: [...outcome.warnings, ...result.warnings],
      }
    case 'alreadyCommitted':
      return already(result.version)
    case 'conflict':
      return { conflict: result.reason }
    default:
      return result satisfies never
  }
}

const already = (tableVersion: number): WriteResult => ({
  rows: 0,
  bytes: 0,
  files: 0,
  tableVersion,
  alreadyCommitted: true,
  warnings: [],
})

function refuseEmpty({ ref, failOnEmpty }: TableTarget, { rows }: ModeOutcome): void {
  if (!failOnEmpty || rows > 0) return
  throw new Fault({
    kind: 'invalid',
    code: 'EmptyResult',
    message: `cannot write table "${ref}": the result has no rows, and the target says failOnEmpty; look at the sources, or leave failOnEmpty out`,
    at: { field: 'target.table.failOnEmpty' },
  })
}

async function assertMayCommit({ signal, assertMayCommit }: StepContext): Promise<void> {
  if (signal.aborted)
    throw new Fault({ kind: 'transient', code: 'Interrupted', message: 'cannot finish the step: it was interrupted' })
  await assertMayCommit()
}

/** Grows with the tries; the id makes it another one for each writer. */
function jitter(id: string, tries: number): number {
  const share = createHash('sha256').update(id).digest().readUInt16BE(0) / 0xffff
  return Math.min(LONGEST_PAUSE_MS, 5 * 2 ** tries) * share
}
