// Run ids: one plan each, one process at a time, and nothing that a killed process leaves is in anybody's way.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { type ClaimOptions, claimRun } from '../../src/runner/index.ts'

let root = ''
const children: ChildProcess[] = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loom-claim-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  rmSync(root, { recursive: true, force: true })
})

const claim = (changes: Partial<ClaimOptions> = {}) =>
  claimRun({ tempRoot: root, runId: 'r', planHash: 'sha256:a', now: Date.now(), ...changes })

/** @returns the process and the first line that it says */
async function claimElsewhere(runId = 'r'): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'claim-process.ts'), root, runId], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const [said] = await once(child.stdout, 'data')
  return { child, said: String(said).trim() }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

function grownOld(folder: string): void {
  const time = new Date(Date.now() - 25 * 3_600_000)
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), time, time)
}

const makeRunTemps = (runId: string): string => {
  const folder = join(root, 'runs', runId)
  mkdirSync(folder, { recursive: true })
  return folder
}

test('a run id that is used again resumes the same plan, and refuses another one', async () => {
  await (await claim())()
  await (await claim())()
  await assert.rejects(claim({ planHash: 'sha256:b' }), { kind: 'invalid', code: 'RunIdReused' })
  await (await claim())()
  await (await claim({ runId: 'other', planHash: 'sha256:b' }))()
})

test('a run id is refused while this or another process is at it', async () => {
  const release = await claim()
  await assert.rejects(claim(), { kind: 'conflict', code: 'RunInProgress' })
  assert.equal((await claimElsewhere()).said, 'RunInProgress')
  await release()
  const { child, said } = await claimElsewhere()
  assert.equal(said, 'held')
  await assert.rejects(claim(), { code: 'RunInProgress', message: new RegExp(`process ${child.pid} is at it`) })
  child.stdin?.end()
  await once(child, 'exit')
  await (await claim())()
})

test('of many that claim a run id at the same time, one gets it', async () => {
  for (let round = 0; round < 20; round++) {
    const settled = await Promise.allSettled(Array.from({ length: 6 }, () => claim({ runId: `r${round}` })))
    const held = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    assert.equal(held.length, 1)
    for (const result of settled) if (result.status === 'rejected') assert.equal(result.reason.code, 'RunInProgress')
    await held[0]?.()
  }
  const elsewhere = await Promise.all([claimElsewhere(), claimElsewhere(), claimElsewhere()])
  assert.deepEqual(elsewhere.map(({ said }) => said).sort(), ['RunInProgress', 'RunInProgress', 'held'])
})

test('a run whose process was killed can be resumed at once', async () => {
  const { child, said } = await claimElsewhere()
  assert.equal(said, 'held')
  await kill(child)
  await (await claim())()
  assert.deepEqual(readdirSync(join(root, 'locks')), [])
})

test('temps and scratch files of runs killed a day ago are swept; those of living runs and of others are not', async () => {
  const { child: killed } = await claimElsewhere('killed')
  await claimElsewhere('living')
  await kill(killed)
  const [ofKilled, ofLiving, ofPods] = [makeRunTemps('killed'), makeRunTemps('living'), makeRunTemps('pods')]
  const scratch = join(root, 'work/killed/step')
  mkdirSync(scratch, { recursive: true })
  await (await claim())()
  assert.ok(existsSync(ofKilled), 'it can still be resumed')
  for (const runId of ['killed', 'living']) grownOld(join(root, 'locks', runId))
  await (await claim())()
  assert.deepEqual([ofKilled, scratch, ofLiving, ofPods].map(existsSync), [false, false, true, true])
  assert.deepEqual(readdirSync(join(root, 'locks')), ['living'])
})

test('a cleaner that fails keeps nobody from running', async () => {
  const { child } = await claimElsewhere('killed')
  await kill(child)
  grownOld(join(root, 'locks/killed'))
  const deleteTree = async () => {
    throw new Error('read-only')
  }
  await (await claim({ cleaner: { deleteTree } }))()
})

test('another process that was given the pid of a dead one is not taken for it', async () => {
  const { child } = await claimElsewhere()
  const folder = join(root, 'locks/r')
  const names = readdirSync(folder)
  await kill(child)
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  for (const name of names) writeFileSync(join(folder, name.replace(`~${child.pid}~`, `~${process.pid}~`)), '')
  await (await claim())()
})

test('a process of another machine holds its run as long as it shows signs of life', async () => {
  const folder = join(root, 'locks/r')
  mkdirSync(folder, { recursive: true })
  const name = 'run~1~5~0123456789abcdef~2f1c9a52-0000-4000-8000-000000000000'
  writeFileSync(join(folder, name), '')
  writeFileSync(join(folder, `${name}.held`), '')
  await assert.rejects(claim(), { code: 'RunInProgress' })
  const longAgo = new Date(Date.now() - 10 * 60_000)
  utimesSync(join(folder, name), longAgo, longAgo)
  await (await claim())()
})

test('records are forgotten after thirty days, and not before', async () => {
  await (await claim({ runId: 'old' }))()
  await (await claim({ runId: 'young' }))()
  const records = join(root, 'records')
  const [now, day] = [Date.now(), 24 * 3_600_000]
  utimesSync(join(records, 'old.json'), new Date(now - 31 * day), new Date(now - 31 * day))
  utimesSync(join(records, 'young.json'), new Date(now - 29 * day), new Date(now - 29 * day))
  utimesSync(join(records, '.swept'), new Date(now - 2 * day), new Date(now - 2 * day))
  await (await claim())()
  assert.deepEqual(readdirSync(records).sort(), ['.swept', 'r.json', 'young.json'])
})

test('a damaged record is as good as none', async () => {
  await (await claim())()
  writeFileSync(join(root, 'records/r.json'), '{"planHash":')
  await (await claim({ planHash: 'sha256:b' }))()
})

test('an id that would lead out of the folder, and a folder that can not be used, are faults', async () => {
  await assert.rejects(claim({ runId: '../../x' }), { code: 'InvalidId' })
  const file = join(root, 'file')
  writeFileSync(file, '')
  await assert.rejects(claim({ tempRoot: file }), { kind: 'transient', code: 'StorageFailed' })
})
