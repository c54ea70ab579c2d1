// `make bench-operator`: what the operator costs, on a real control plane of this machine, in one run. Prints one table.
//
// BENCH_JOBS (default 200), BENCH_FINISHED (5000) and BENCH_RUNNING (500) scale it down. Not part of CI: what it says depends on the
// machine and on what else that does; ratios less than times. Contenders take turns, and medians are shown.
import { type Line, machine, table } from '../lines.ts'
import { median, sideBySide } from '../measure.ts'
import { JOBS, type Job, Lab } from './lab.ts'
import { gaps, writesOfOneStep } from './latency.ts'
import { realPods } from './real-pods.ts'
import { fill, startOn } from './scale.ts'
import { bareJobs, emptied, jobsPerSecond, type Maker, manyRuns, oneWideRun } from './throughput.ts'

const numberOf = (name: string, usual: number): number => Number(process.env[name] ?? usual)
const COUNT = numberOf('BENCH_JOBS', 200)
const FINISHED = numberOf('BENCH_FINISHED', 5000)
const RUNNING = numberOf('BENCH_RUNNING', 500)
const ROUNDS = 3

const say = (line: string) => void process.stderr.write(`${line}\n`)

const lines = [...(await onFakePods()), ...(await onRealPods()), ...(await atScale())]
process.stdout.write(`${machine()}\n\n${table(lines)}\n`)

async function onFakePods(): Promise<Line[]> {
  say('writes and waits of single runs')
  await using lab = await Lab.start()
  const operator = await lab.operator()
  const writes = await writesOfOneStep(lab)
  const waits = (await gaps(lab, 100)).toSorted((a, b) => a - b)
  const p50 = median(waits)
  const model = (await lab.api.list<Job>(`${JOBS}?labelSelector=loom.etl/run=writes`))[0]
  if (model === undefined) throw new Error('the run of one step has no Job')
  await lab.stop(operator)
  return [
    {
      what: 'API writes for a run of one step, events included',
      measured: `${writes}`,
      target: { text: '≤ 6', met: writes <= 6 },
    },
    {
      what: "pod's last status → next Job, 100 steps in a row",
      measured: `p50 ${p50} ms, p90 ${waits[Math.floor(waits.length * 0.9)]} ms`,
      target: { text: 'p50 ≤ 50 ms', met: p50 <= 50 },
    },
    ...(await throughput(lab, model)),
  ]
}

async function throughput(lab: Lab, model: Job): Promise<Line[]> {
  await emptied(lab)
  let round = 0
  const turn =
    (maker: Maker, name: string, { led }: { led: boolean }) =>
    async () => {
      round += 1
      say(`${COUNT} Jobs: ${name}`)
      const operator = led ? await lab.operator() : undefined
      const rate = await jobsPerSecond(lab, maker, { round: `round-${round}`, count: COUNT })
      if (operator !== undefined) await lab.stop(operator)
      await emptied(lab)
      return rate
    }
  const rates = await sideBySide(
    {
      bare: turn(bareJobs(lab, model), 'bare', { led: false }),
      wide: turn(oneWideRun(lab), 'one run', { led: true }),
      many: turn(manyRuns(lab), 'a run for each', { led: true }),
    },
    { rounds: ROUNDS, warmUp: true },
  )
  const { bare = Number.NaN, wide = Number.NaN, many = Number.NaN } = rates
  return [
    against('Jobs/s: one run of parallel steps / bare Jobs (fake pods)', wide, bare, { target: true }),
    against('Jobs/s: runs of one step each / bare Jobs (fake pods)', many, bare, { target: false }),
  ]
}

async function onRealPods(): Promise<Line[]> {
  say('pods that run')
  const { ours = Number.NaN, bare = Number.NaN } = await realPods({ rounds: ROUNDS, count: Math.ceil(COUNT / 5) })
  return [against('Jobs/s: one run of parallel steps / bare Jobs (pods that run)', ours, bare, { target: true })]
}

function against(what: string, ours: number, bare: number, { target }: { target: boolean }): Line {
  const ratio = ours / bare
  const measured = `${(100 * ratio).toFixed(0)} % (${ours.toFixed(1)} / ${bare.toFixed(1)})`
  return { what, measured, ...(target ? { target: { text: '≥ 95 %', met: ratio >= 0.95 } } : {}) }
}

async function atScale(): Promise<Line[]> {
  say(`${FINISHED} finished and ${RUNNING} running runs`)
  await using lab = await Lab.start()
  await fill(lab, { finished: FINISHED, running: RUNNING })
  const first = await startOn(lab, FINISHED + RUNNING)
  const { secondsToLead, secondsInSync, peak, resident } = await startOn(lab, FINISHED + RUNNING)
  const most = Math.max(first.peak, peak)
  return [
    {
      what: `memory with ${FINISHED} finished and ${RUNNING} running runs`,
      measured: `${resident.toFixed(0)} MiB (at most ${most.toFixed(0)})`,
      target: { text: '≤ 256 MiB', met: most <= 256 },
    },
    {
      what: 'restart with those: process start → leads with full caches → has looked at every run',
      measured: `${secondsToLead.toFixed(1)} s → ${secondsInSync.toFixed(1)} s`,
    },
  ]
}
