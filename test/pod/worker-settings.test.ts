// What `loom worker` is told, and what is wrong with it.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { WORKER_SETTINGS, workerConfig } from '../../src/pod/index.ts'

const host = { name: 'host.example', work: '/tmp/work' }
const needed = { nats: 'nats://h:4222', pool: 'warm' }

it('a worker needs a broker and a pool, and has defaults for the rest', () => {
  assert.deepEqual(workerConfig(needed, {}, host), {
    nats: 'nats://h:4222',
    natsCredentials: undefined,
    prefix: 'loom',
    namespace: 'default',
    pool: 'warm',
    name: 'host-example',
    work: '/tmp/work',
    maxSteps: 200,
    drainSeconds: 25,
    memory: undefined,
  })
  assert.deepEqual(workerConfig({}, {}, host), { problem: '--nats is missing; give it, or set LOOM_NATS_URL' })
  assert.deepEqual(workerConfig({ nats: 'n' }, {}, host), { problem: '--pool is missing; give it, or set LOOM_POOL' })
})

it('every setting is also a variable, and the option wins', () => {
  const env = Object.fromEntries(Object.values(WORKER_SETTINGS).map((setting) => [setting.env, '7']))
  const config = workerConfig({ pool: 'mine' }, env, host)
  assert.deepEqual(config, {
    nats: '7',
    natsCredentials: '7',
    prefix: '7',
    namespace: '7',
    pool: 'mine',
    name: '7',
    work: '7',
    maxSteps: 7,
    drainSeconds: 7,
    memory: 7,
  })
})

it('a value that can be no word of a subject, or no number, is named', () => {
  const cases: [Parameters<typeof workerConfig>[0], RegExp][] = [
    [{ pool: 'a.b' }, /^--pool "a\.b" is not one word/],
    [{ namespace: '*' }, /^--namespace "\*"/],
    [{ prefix: 'loom etl' }, /^--prefix/],
    [{ name: '>' }, /^--name/],
    [{ maxSteps: '0' }, /^--max-steps "0" is no whole number from 1 on/],
    [{ maxSteps: '1.5' }, /^--max-steps/],
    [{ drainSeconds: 'soon' }, /^--drain-seconds "soon"/],
    [{ memory: '1Gi' }, /^--memory "1Gi"/],
  ]
  for (const [flags, problem] of cases) {
    const config = workerConfig({ ...needed, ...flags }, {}, host)
    assert.match('problem' in config ? config.problem : 'none', problem)
  }
})
