// The reflector against scripts of lists and watches: what it asks for, in which order, and what it then knows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ApiFault,
  type Change,
  type KubeApi,
  type KubeObject,
  Reflector,
  type ReflectorOptions,
} from '../../src/effects/index.ts'
import { bookmark, expired, forever, line, listOf, object, ScriptedApi } from './scripted-api.ts'

type Told = [key: string, before: string | undefined, after: string | undefined]

type Done = (reflector: Reflector<KubeObject>, told: readonly Told[]) => boolean

/** Runs a reflector until `done` holds, which is asked before every request. */
async function reflect(api: ScriptedApi, done: Done, more: Partial<ReflectorOptions<KubeObject>> = {}) {
  const stop = new AbortController()
  const told: Told[] = []
  const waits: [code: string, ms: number][] = []
  const unlessDone = () => {
    if (!done(reflector, told)) return
    stop.abort()
    throw new Error('stopped')
  }
  const reflector: Reflector<KubeObject> = new Reflector({
    client: asking(api, unlessDone),
    resource: 'ConfigMap',
    keep: (kept) => kept,
    onChange: ({ key, before, after }: Change<KubeObject>) => {
      told.push([key, before?.metadata.resourceVersion, after?.metadata.resourceVersion])
    },
    onTrouble: ({ code }, waitMs) => waits.push([code, waitMs]),
    minWaitMs: 0.001,
    random: () => 1,
    ...more,
  })
  await reflector.run(stop.signal)
  return { reflector, told, waits, asked: api.asked }
}

function asking(api: ScriptedApi, first: () => void): KubeApi {
  return Object.assign(Object.create(api), {
    list: async () => {
      first()
      return await api.list()
    },
    watch: async (...request: Parameters<KubeApi['watch']>) => {
      first()
      return await api.watch(...request)
    },
  })
}

const requests =
  (count: number): Done =>
  ({ health }) =>
    health.lists + health.watches > count

test('it lists once and watches from there; a watch that was ended, cut or refused goes on at the last version', async () => {
  const { told, asked, reflector } = await reflect(
    new ScriptedApi({
      lists: [() => listOf(10, object('a', 3), object('b', 4))],
      watches: [
        async function* () {
          yield line('MODIFIED', object('a', 11))
          yield line('ADDED', object('c', 12))
        },
        async function* () {
          yield line('DELETED', object('b', 13))
          throw new Error('connection reset')
        },
        () => {
          throw new ApiFault({ status: 503, code: 'ServiceUnavailable', message: 'no' })
        },
        async function* () {
          yield bookmark(20)
          throw new Error('connection reset')
        },
        (_query, signal) => forever(signal),
      ],
    }),
    requests(5),
  )
  assert.deepEqual(asked, ['list', 'watch 10', 'watch 12', 'watch 13', 'watch 13'])
  assert.deepEqual(told, [
    ['default/a', undefined, '3'],
    ['default/b', undefined, '4'],
    ['default/a', '3', '11'],
    ['default/c', undefined, '12'],
    ['default/b', '4', undefined],
  ])
  assert.deepEqual([...reflector.objects.keys()], ['default/a', 'default/c'])
})

test('a version that is too old, told by the watch or by its refusal, is one list, and only differences are told', async (t) => {
  const gone = () => {
    throw new ApiFault({ status: 410, code: 'Expired', message: 'too old' })
  }
  const event = async function* () {
    yield expired()
  }
  const garbage = async function* () {
    yield new TextEncoder().encode('<html>\n')
  }
  for (const [how, watch] of Object.entries({ refusal: gone, event, garbage }))
    await t.test(how, async () => {
      const { told, asked } = await reflect(
        new ScriptedApi({
          lists: [
            () => listOf(10, object('same', 3), object('changed', 4), object('gone', 5)),
            () => listOf(30, object('same', 3), object('changed', 20), object('new', 25)),
          ],
          watches: [
            watch,
            async function* () {
              yield bookmark(31)
            },
          ],
        }),
        requests(4),
      )
      assert.deepEqual(asked, ['list', 'watch 10', 'list', 'watch 30'])
      assert.deepEqual(told.slice(3), [
        ['default/gone', '5', undefined],
        ['default/changed', '4', '20'],
        ['default/new', undefined, '25'],
      ])
    })
})

test('waits grow while nothing comes, and begin anew after an event', async () => {
  const refused = () => {
    throw new ApiFault({ status: 503, code: 'ServiceUnavailable', message: 'no' })
  }
  const { waits } = await reflect(
    new ScriptedApi({
      lists: [refused, () => listOf(10)],
      watches: [
        refused,
        refused,
        async function* () {
          yield bookmark(11)
          throw new Error('reset')
        },
        refused,
      ],
    }),
    requests(6),
  )
  assert.deepEqual(
    waits.map(([, ms]) => Math.round(ms * 1000)),
    [1, 2, 4, 1, 2],
  )
})

test('watches that are ended at once, and versions that are always too old, are asked for ever more seldom', async () => {
  const ended = await reflect(
    new ScriptedApi({ lists: [() => listOf(10)], watches: [async function* () {}] }),
    requests(5),
  )
  assert.deepEqual(
    ended.waits,
    [1, 2, 4, 8].map((ms) => ['WatchEndedAtOnce', ms / 1000]),
  )
  let version = 10
  const old = await reflect(
    new ScriptedApi({
      lists: [() => listOf(version)],
      watches: [
        async function* () {
          yield bookmark(++version)
          yield expired()
        },
      ],
    }),
    requests(8),
  )
  assert.deepEqual(
    old.waits,
    [1, 2, 4, 8].map((ms) => ['Expired', ms / 1000]),
  )
})

test('what the server asks to wait is waited, but not for ever', async () => {
  const asks = (ms: number) => () => {
    throw new ApiFault({ status: 429, code: 'TooManyRequests', message: 'no', retryAfterMs: ms })
  }
  const { waits } = await reflect(new ScriptedApi({ lists: [asks(5), () => listOf(10)], watches: [] }), requests(2))
  assert.deepEqual(waits, [['TooManyRequests', 5]])
  const stop = new AbortController()
  const reflector = new Reflector<KubeObject>({
    client: new ScriptedApi({ lists: [asks(86_400_000)], watches: [] }),
    resource: 'Job',
    keep: (kept) => kept,
    onChange: () => {},
    onTrouble: (_fault, waitMs) => {
      assert.equal(waitMs, 60_000)
      stop.abort()
    },
    random: () => 1,
  })
  await reflector.run(stop.signal)
  assert.equal(reflector.health.lists, 1)
})

test('a watch that is silent for too long is cut and goes on', async () => {
  const { asked, waits } = await reflect(
    new ScriptedApi({
      lists: [() => listOf(10)],
      watches: [
        async function* (_query, signal) {
          yield bookmark(15)
          yield* forever(signal)
        },
      ],
    }),
    requests(2),
    { idleMs: 5 },
  )
  assert.deepEqual(asked, ['list', 'watch 10'])
  assert.equal(waits[0]?.[0], 'WatchIdle')
})

test('a list of many pages that expires in between begins anew, and nothing is told of the half one', async () => {
  const page = (token: string | undefined, ...items: KubeObject[]) => ({
    items,
    metadata: { resourceVersion: '10', ...(token === undefined ? {} : { continue: token }) },
  })
  const { told, asked } = await reflect(
    new ScriptedApi({
      lists: [
        () => page('more', object('a', 1)),
        () => {
          throw new ApiFault({ status: 410, code: 'Expired', message: 'the token is too old' })
        },
        () => page('more', object('b', 2)),
        () => page(undefined, object('c', 3)),
      ],
      watches: [],
    }),
    ({ health }) => health.watches > 0,
  )
  assert.deepEqual(asked, ['list', 'list', 'list', 'list'])
  assert.deepEqual(
    told.map(([key]) => key),
    ['default/b', 'default/c'],
  )
})

test('an answer that comes after the watch has told the deletion does not bring the object back', () => {
  const { reflector, told } = fed()
  reflector.apply({ type: 'ADDED', object: object('a', 10) })
  reflector.apply({ type: 'DELETED', object: object('a', 12) })
  reflector.assume(object('a', 11))
  assert.equal(reflector.objects.size, 0)
  assert.equal(told.length, 2)
})

test('an answer that is ahead of the watch counts, and older events do not undo it', () => {
  const { reflector, told } = fed()
  reflector.apply({ type: 'ADDED', object: object('a', 10, 'first') })
  reflector.assume(object('a', 14, 'second'))
  reflector.apply({ type: 'MODIFIED', object: object('a', 11, 'first') })
  reflector.apply({ type: 'DELETED', object: object('a', 12, 'first') })
  reflector.apply({ type: 'ADDED', object: object('a', 14, 'second') })
  assert.equal(reflector.objects.get('default/a')?.metadata.uid, 'second')
  assert.deepEqual(told, [
    ['default/a', undefined, '10'],
    ['default/a', '10', '14'],
  ])
  reflector.apply({ type: 'DELETED', object: object('a', 15, 'second') })
  assert.equal(reflector.objects.size, 0)
})

test('an object that was made while a list was read stays, one that was gone by then goes', async () => {
  const { reflector } = await reflect(
    new ScriptedApi({
      lists: [
        () => listOf(10, object('old', 5)),
        () => {
          current().assume(object('made', 25))
          current().assume(object('unmade', 15))
          return listOf(20, object('old', 5))
        },
      ],
      watches: [
        async function* () {
          yield expired()
        },
      ],
    }),
    (running) => {
      current = () => running
      return running.health.watches === 2
    },
  )
  assert.deepEqual([...reflector.objects.keys()], ['default/old', 'default/made'])
})

let current: () => Reflector<KubeObject>

/** One that is fed by hand. */
function fed() {
  const told: Told[] = []
  const reflector = new Reflector<KubeObject>({
    client: new ScriptedApi({ lists: [], watches: [] }),
    resource: 'ConfigMap',
    keep: (kept) => kept,
    onChange: ({ key, before, after }) => {
      told.push([key, before?.metadata.resourceVersion, after?.metadata.resourceVersion])
    },
    random: () => 1,
  })
  return { reflector, told }
}
