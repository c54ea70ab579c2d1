// Whole runs, and elections, behind a fault proxy that disturbs requests by chance: in the end it is as if nothing had been.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connect, KubeClient, LeaseCandidate } from '../../src/effects/index.ts'
import { type FaultProxy, startFaultProxy } from './bed/fault-proxy.ts'
import type { Fault } from './bed/fault-proxy-faults.ts'
import { until } from './bed/index.ts'
import { pause } from './bed/wait.ts'
import { Cluster } from './support/cluster.ts'
import { commitsByWriter, rowsOfTables } from './support/lake.ts'
import { quick, run } from './support/pipelines.ts'

const SEED = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start()
  await cluster.apply(cluster.storage())
})

after(() => cluster?.[Symbol.asyncDispose]())

/** Numbers in 0..1 that a seed gives again (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const ALL_BUT_WATCHES = { verb: ['get', 'list', 'create', 'update', 'patch', 'delete'] } as const

/** A quarter of all requests fails, each way in which they can. */
function disturb(proxy: FaultProxy): void {
  const faults: Fault[] = [
    { do: 'refuse', status: 429, retryAfter: 1 },
    { do: 'refuse', status: 429 },
    { do: 'refuse', status: 503 },
    { do: 'refuse', status: 500 },
    { do: 'refuse', status: 200, body: '<html>Welcome</html>' },
    { do: 'refuse', status: 404, body: '404 page not found' },
    { do: 'refuse', status: 400, body: '<html>400</html>' },
    { do: 'loseAnswer' },
    { do: 'loseAnswer' },
    { do: 'cutBefore' },
    { do: 'halfBody', cut: false },
    { do: 'halfBody', cut: true },
  ]
  for (const fault of faults) proxy.inject(fault, { ...ALL_BUT_WATCHES, chance: 0.022 })
  proxy.inject({ do: 'delayAnswer', ms: 300 }, { ...ALL_BUT_WATCHES, chance: 0.1 })
  proxy.inject({ do: 'expireWatch', lines: 2 }, { verb: 'watch', chance: 0.1 })
  proxy.inject({ do: 'refuse', status: 503 }, { verb: 'watch', chance: 0.1 })
  proxy.inject({ do: 'cutWatch', lines: 3, inLine: true }, { verb: 'watch', chance: 0.6 })
}

test('runs end as they should and write each row once, though a quarter of all requests is refused, cut, lost or garbled', async (t) => {
  t.diagnostic(`FAULT_SEED=${SEED}`)
  const proxy = await startFaultProxy(cluster.plane, { random: randomOf(SEED) })
  disturb(proxy)
  const kubeconfig = proxy.kubeconfig()
  cluster.startOperator({ kubeconfig, flags: ['--leader-elect', 'no'] })
  const copied = {
    name: 'copied',
    sources: { given: { table: { ref: 'out.first' } } },
    sql: 'SELECT a + 1 AS a FROM given',
    target: { table: { ref: 'out.copied', append: {} } },
  }
  const names = ['disturbed-1', 'disturbed-2', 'disturbed-3']
  await cluster.apply(run('disturbed-1', [quick('first'), copied, quick('third')]))
  await cluster.apply(run('disturbed-2', [quick('second'), quick('fourth')]))
  await cluster.apply(run('disturbed-3', [{ ...quick('wrong'), sql: 'SELECT nonsense FROM given' }]))
  const ends = await Promise.all(names.map((name) => cluster.ends(name, { seconds: 120 })))
  assert.deepEqual(
    ends.map(({ phase, attempt }) => [phase, attempt]),
    [
      ['Succeeded', 1],
      ['Succeeded', 1],
      ['Failed', 1],
    ],
  )
  const rows = await rowsOfTables(`${cluster.lake}/tables`)
  assert.deepEqual(
    Object.fromEntries(
      Object.entries(rows).map(([table, lines]) => [table, lines.map((line) => line.replace(/^.*? /, ''))]),
    ),
    {
      'out/copied': ['{"a":2}'],
      'out/first': ['{"a":1}'],
      'out/fourth': ['{"a":1}'],
      'out/second': ['{"a":1}'],
      'out/third': ['{"a":1}'],
    },
  )
  assert.ok(Object.values(commitsByWriter(`${cluster.lake}/tables`)).every((commits) => commits === 1))
  for (const name of names) {
    const jobs = (await cluster.jobs(name)).map(({ metadata }) => metadata.labels?.['loom.etl/try'])
    assert.ok(
      jobs.every((number) => number === '1'),
      `${name}: tries ${jobs}`,
    )
  }
})

test('two candidates behind bad connections never lead at the same time', async (t) => {
  t.diagnostic(`FAULT_SEED=${SEED}`)
  const led: { who: string; from: number; to: number }[] = []
  const stop = new AbortController()
  const contend = async (who: string, proxy: FaultProxy) => {
    const connection = connect({ kubeconfig: proxy.kubeconfig() })
    for (let life = 1; !stop.signal.aborted; life++) {
      const leadership = await new LeaseCandidate({
        client: new KubeClient(connection),
        namespace: 'default',
        name: 'contended',
        identity: `${who}-${life}`,
        leaseDurationMs: 1_000,
        renewDeadlineMs: 600,
        retryMs: 100,
        now: Date.now,
        monotonic: () => performance.now(),
        random: Math.random,
      }).lead(stop.signal)
      if (leadership === undefined) break
      const term = { who, from: performance.now(), to: Number.POSITIVE_INFINITY }
      led.push(term)
      const { lost } = leadership
      if (!lost.aborted) await new Promise((resolve) => lost.addEventListener('abort', resolve, { once: true }))
      term.to = performance.now()
    }
    await connection.close()
  }
  const proxies = [1, 2].map(() => startFaultProxy(cluster.plane, { random: randomOf(SEED) }))
  const [first, second] = (await Promise.all(proxies)) as [FaultProxy, FaultProxy]
  const contending = Promise.all([contend('first', first), contend('second', second)])
  for (const proxy of [first, second]) {
    proxy.inject({ do: 'loseAnswer' }, { resource: 'leases', chance: 0.1 })
    proxy.inject({ do: 'delayRequest', ms: 1_500 }, { resource: 'leases', verb: 'update', chance: 0.1 })
    proxy.inject({ do: 'delayAnswer', ms: 800 }, { resource: 'leases', chance: 0.1 })
    proxy.inject({ do: 'refuse', status: 503 }, { resource: 'leases', chance: 0.1 })
  }
  // The leader of the moment goes unheard, again and again.
  for (let change = 0; change < 4; change++) {
    const terms = led.length
    await until('somebody leads', () => led.some(({ to }) => to === Number.POSITIVE_INFINITY))
    const leader = led.at(-1)?.who === 'first' ? first : second
    const unheard = leader.inject({ do: 'hold' }, { resource: 'leases' })
    leader.freezeConnections()
    await until('the other one leads', () => led.length > terms && led.at(-1)?.to === Number.POSITIVE_INFINITY)
    unheard.lift()
    leader.cutConnections()
    await pause(50)
  }
  stop.abort()
  await contending
  const inOrder = led.sort((a, b) => a.from - b.from)
  for (const [index, term] of inOrder.entries()) {
    const before = inOrder[index - 1]
    assert.ok(before === undefined || before.to <= term.from, JSON.stringify({ before, term }))
  }
  assert.equal(new Set(led.map(({ who }) => who)).size, 2)
})
