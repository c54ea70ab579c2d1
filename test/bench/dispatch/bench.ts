// `make bench-dispatch`: how fast steps come to warm workers, beside Jobs and beside one process. Prints one table.
//
// BENCH_STEPS (default 200), BENCH_JOBS (50: pods are slow), BENCH_RUNS (300) and BENCH_HOPS (1000) scale it.
// BENCH_PART=hops|pool|group measures that alone; BENCH_PROFILE names a folder for the operator's CPU profiles. Not part of CI.
import { loadavg } from 'node:os'
import type { Manifest } from '../../cluster/support/cluster.ts'
import { quick, run } from '../../cluster/support/pipelines.ts'
import { type Line, machine, table } from '../lines.ts'
import { median } from '../measure.ts'
import { wide } from '../operator/lab.ts'
import { hops } from './hops.ts'
import { type LocalGroup, localGroup } from './local-group.ts'
import { type ProcessorTime, sum } from './processor-time.ts'
import { type Measured, POOLED, WarmPool } from './warm-pool.ts'

const numberOf = (name: string, usual: number): number => Number(process.env[name] ?? usual)
const STEPS = numberOf('BENCH_STEPS', 200)
const JOBS = numberOf('BENCH_JOBS', 50)
const RUNS = numberOf('BENCH_RUNS', 300)
const HOPS = numberOf('BENCH_HOPS', 1000)
const ROUNDS = numberOf('BENCH_ROUNDS', 3)
const WORKERS = 4

const loads: number[] = []
const say = (line: string) => {
  loads.push(loadavg()[0] ?? 0)
  process.stderr.write(`${line}, load ${loadavg()[0]?.toFixed(1)}\n`)
}

const parts: Readonly<Record<string, () => Promise<Line[]>>> = {
  hops: betweenSteps,
  pool: throughPool,
  group: elsewhere,
}
const wanted = Object.entries(parts).filter(([name]) => [name, undefined].includes(process.env['BENCH_PART']))
const lines: Line[] = []
for (const [, part] of wanted) lines.push(...(await part()))
process.stdout.write(
  `${machine()}; while it ran, ${loads.map((load) => load.toFixed(1)).join(', ')}\n\n${table(lines)}\n`,
)

async function betweenSteps(): Promise<Line[]> {
  say(`${HOPS} steps at one warm worker`)
  const waits = (await hops(HOPS)).toSorted((a, b) => a - b)
  const [p50, p99] = [median(waits), waits[Math.floor(waits.length * 0.99)] ?? Number.NaN]
  return [
    {
      what: `outcome sent → next lease, ${HOPS} steps, worker's clock`,
      measured: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
      target: { text: 'p50 ≤ 5 ms, p99 ≤ 25 ms', met: p50 <= 5 && p99 <= 25 },
    },
  ]
}

/** Runs of one step, then groups, at the same warm workers. Medians of the rounds. */
async function throughPool(): Promise<Line[]> {
  await using pool = await WarmPool.start(WORKERS)
  const runs: Measured[] = []
  const groups: Measured[] = []
  for (let round = 0; round < ROUNDS; round++) {
    say(`${RUNS} runs of one step`)
    runs.push(await pool.measure(Array.from({ length: RUNS }, (_, i) => oneStep(`r${round}-${i}`))))
    say(`a group of ${STEPS} steps`)
    groups.push(await pool.measure([pooled(wide(`g${round}`, STEPS))]))
  }
  const rate = median(runs.map(({ seconds }) => RUNS / seconds))
  const writes = Math.max(...runs.map((round) => round.writes / RUNS))
  const writesOfStep = Math.max(...groups.map((round) => round.writes / STEPS))
  return [
    {
      what: `runs of one step at ${WORKERS} warm workers, apply → Succeeded, ${RUNS} runs`,
      measured: `${rate.toFixed(0)} runs/s (${runs.map(({ seconds }) => (RUNS / seconds).toFixed(0)).join(', ')})`,
      target: { text: '≥ 100 runs/s', met: rate >= 100 },
    },
    { what: 'CPU of a run of one step', measured: cpuOf(runs, RUNS) },
    {
      what: "operator's writes for a run of one step, events included",
      measured: writes.toFixed(2),
      target: { text: '≤ 4', met: writes <= 4 },
    },
    groupLine(`${WORKERS} workers of a pool, apply → Succeeded`, STEPS, groups),
    {
      what: `operator's writes for each step of a group of ${STEPS}`,
      measured: writesOfStep.toFixed(3),
      target: { text: '≤ 0.1', met: writesOfStep <= 0.1 },
    },
    { what: 'CPU of a step of a group through a pool', measured: cpuOf(groups, STEPS) },
  ]
}

async function elsewhere(): Promise<Line[]> {
  const [inProcess, workers]: [LocalGroup[], LocalGroup[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    say(`a group of ${STEPS} steps in process, and with worker processes`)
    inProcess.push(await localGroup(wide('group', STEPS), ['--parallel', String(WORKERS)]))
    workers.push(await localGroup(wide('group', STEPS), ['--workers', String(WORKERS)]))
  }
  await using cluster = await WarmPool.start(0)
  const jobs: Measured[] = []
  for (let round = 0; round < ROUNDS; round++) {
    say(`a group of ${JOBS} steps as Jobs`)
    jobs.push(await cluster.measure([wide(`jobs${round}`, JOBS)]))
  }
  return [
    groupLine(`${JOBS} Jobs (pods are processes of this machine)`, JOBS, jobs),
    localLine(`\`loom run --parallel ${WORKERS}\`, start included`, inProcess),
    localLine(`\`loom run --workers ${WORKERS}\`, start included`, workers),
  ]
}

/** The bench's own process, which plays the kubelet and the user, is left out. */
function groupLine(how: string, steps: number, rounds: readonly Measured[]): Line {
  const rate = median(rounds.map(({ seconds }) => steps / seconds))
  const cpu = median(rounds.map(({ used }) => sum(used)))
  return {
    what: groupOf(how),
    measured: `${rate.toFixed(1)} steps/s, ${((1000 * cpu) / steps).toFixed(0)} ms of CPU a step`,
  }
}

function localLine(how: string, rounds: readonly LocalGroup[]): Line {
  const rate = median(rounds.map(({ seconds }) => STEPS / seconds))
  const cpu = median(rounds.map(({ cpuSeconds }) => cpuSeconds))
  return {
    what: groupOf(how),
    measured: `${rate.toFixed(1)} steps/s, ${((1000 * cpu) / STEPS).toFixed(0)} ms of CPU a step`,
  }
}

function groupOf(how: string): string {
  return `group of trivial steps: ${how}`
}

function cpuOf(rounds: readonly Measured[], count: number): string {
  const names = Object.keys(rounds.at(-1)?.used ?? {})
  const of = (pick: (used: ProcessorTime) => number) =>
    `${((1000 * median(rounds.map(({ used }) => pick(used)))) / count).toFixed(1)} ms`
  const each = names.map((name) => `${name} ${of((used) => used[name] ?? 0)}`)
  return `${of(sum)}: ${each.join(', ')}`
}

/** Each writes a table of its own: what many commits to one table cost is another question. */
function oneStep(name: string): Manifest {
  return run(name, [quick(name)], { dispatch: POOLED })
}

function pooled(manifest: Manifest): Manifest {
  const dispatch = { ...(manifest.spec['dispatch'] ?? {}), ...POOLED }
  return { ...manifest, spec: { ...manifest.spec, dispatch } }
}
