// The process node: what runs on it gets what its pod says, and its pod's status says what became of it.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ControlPlane, type ProcessNode, startControlPlane, startProcessNode, until } from './bed/index.ts'
import type { ContainerSpec, Pod, PodSpec } from './bed/node/pod.ts'
import {
  condition,
  eventReasons,
  JOBS,
  job,
  NAMESPACE,
  PODS,
  pod,
  podIn,
  podThat,
  shell,
  stateOf,
} from './bed/shapes.ts'

const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`

let plane: ControlPlane
let node: ProcessNode
let imageFolder: string

before(async () => {
  plane = await startControlPlane()
  // Below the bed's folder, so that it goes with it whatever happens.
  imageFolder = join(plane.folder, 'image')
  mkdirSync(imageFolder)
  writeFileSync(join(imageFolder, 'hello.sh'), 'echo "hello from the image, $*"\n')
  const image = { entrypoint: ['sh', '/image/hello.sh'], folders: { '/image': imageFolder }, user: 1234 }
  node = await startProcessNode(plane, { images: { 'own:1': image } })
  await plane.api.create(CONFIG_MAPS, { metadata: { name: 'settings' }, data: { colour: 'blue', 'plan.json': '{}' } })
  await plane.api.create(SECRETS, { metadata: { name: 'keys' }, stringData: { token: 's3cret' } })
})

after(() => plane.stop())

/** Runs a pod to its end and gives it. */
async function finished(name: string, container: ContainerSpec, more: Partial<PodSpec> = {}): Promise<Pod> {
  await plane.api.create(PODS, pod(name, container, more))
  return await podThat(plane.api, name, ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed')
}

/** What a script prints. */
async function output(name: string, container: ContainerSpec, more: Partial<PodSpec> = {}): Promise<string> {
  await finished(name, container, more)
  return node.log({ namespace: NAMESPACE, name })
}

describe('a container', () => {
  it('makes its Job Complete when it ends well', async () => {
    await plane.api.create(JOBS, job('fine', shell('exit 0')))
    const done = await until('the Job is finished', async () => {
      const { status } = await plane.api.get<{ status: { conditions?: { type: string }[]; succeeded?: number } }>(
        `${JOBS}/fine`,
      )
      return status.conditions?.some(({ type }) => type === 'Complete') ? status : undefined
    })
    assert.equal(done.succeeded, 1)
  })

  it('makes its Job Failed when it ends badly', async () => {
    await plane.api.create(JOBS, job('bad', shell('exit 3')))
    const found = await until('the Job is finished', async () => {
      const { status } = await plane.api.get<{ status: { conditions?: { type: string; reason: string }[] } }>(
        `${JOBS}/bad`,
      )
      return status.conditions?.find(({ type }) => type === 'Failed')
    })
    assert.equal(found.reason, 'BackoffLimitExceeded')
  })

  it('tells its exit code and its termination message', async () => {
    const found = await finished('message', shell('printf "all is %s" lost >/dev/termination-log; exit 7'))
    assert.equal(found.status?.phase, 'Failed')
    const { terminated } = stateOf(found)
    assert.deepEqual(
      { exitCode: terminated?.exitCode, reason: terminated?.reason, message: terminated?.message },
      { exitCode: 7, reason: 'Error', message: 'all is lost' },
    )
    assert.deepEqual(condition(found, 'Ready'), { status: 'False', reason: 'PodFailed' })
  })

  it('may choose the path of its message, of which the last 4096 bytes count', async () => {
    const script = 'i=0; while [ $i -lt 500 ]; do printf "%010d" $i; i=$((i+1)); done >/run/last-words'
    const found = await finished('long-message', shell(script, { terminationMessagePath: '/run/last-words' }))
    const { message = '' } = stateOf(found).terminated ?? {}
    assert.equal(message.length, 4096)
    assert.ok(message.endsWith('0000000499'))
  })

  it('falls back to its log for a message where it is told so', async () => {
    const container = shell('echo "no such table"; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' })
    assert.equal(stateOf(await finished('fallback', container)).terminated?.message, 'no such table\n')
  })

  it('has a log that the API server gives, as far as it goes and as it grows', async () => {
    await finished('wordy', shell('echo one; echo two; echo three'))
    const text = (query: string) => plane.api.text(`${PODS}/wordy/log${query}`)
    assert.equal(await text(''), 'one\ntwo\nthree\n')
    assert.equal(await text('?tailLines=2'), 'two\nthree\n')
    await plane.api.create(PODS, pod('growing', shell('echo one; sleep 0.5; echo two')))
    await podIn(plane.api, 'growing', 'Running')
    assert.equal(await plane.api.text(`${PODS}/growing/log?follow=true`), 'one\ntwo\n')
  })

  it('runs, and is ready while it does', async () => {
    await plane.api.create(PODS, pod('running', shell('exec sleep 1000')))
    const found = await podIn(plane.api, 'running', 'Running')
    assert.ok(stateOf(found).running?.startedAt)
    assert.deepEqual(condition(found, 'Ready'), { status: 'True', reason: undefined })
    assert.match(found.status?.podIP ?? '', /^127\./)
    await plane.api.delete(`${PODS}/running`, { gracePeriodSeconds: 0 })
  })

  it('that can not be started says why', async () => {
    const found = await finished('no-command', { name: 'main', image: 'shell', command: ['there-is-no-such-program'] })
    const { terminated } = stateOf(found)
    assert.equal(terminated?.reason, 'StartError')
    assert.equal(terminated.exitCode, 128)
    assert.match(terminated.message ?? '', /exec: "there-is-no-such-program": executable file not found in \$PATH/)
  })

  it('is started again where the restart policy says so', async () => {
    const script = 'n=$(cat /state/n 2>/dev/null || echo 0); echo $((n+1)) >/state/n; [ $n -ge 2 ]'
    const container = shell(script, { volumeMounts: [{ name: 'state', mountPath: '/state' }] })
    const volumes = [{ name: 'state', emptyDir: {} }]
    const found = await finished('again', container, { restartPolicy: 'OnFailure', volumes })
    assert.equal(found.status?.phase, 'Succeeded')
    assert.equal(found.status.containerStatuses?.[0]?.restartCount, 2)
    assert.equal(found.status.containerStatuses[0].lastState.terminated?.exitCode, 1)
  })

  it('waits for the init containers, which share its volumes', async () => {
    const mount = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }
    const first = shell('echo ready >/shared/word', { name: 'first', ...mount })
    const found = await output('with-init', shell('cat /shared/word', mount), {
      initContainers: [first],
      volumes: [{ name: 'shared', emptyDir: {} }],
    })
    assert.equal(found, 'ready\n')
  })

  it('is not started when an init container fails', async () => {
    const found = await finished('bad-init', shell('true'), { initContainers: [shell('exit 4', { name: 'first' })] })
    assert.equal(found.status?.phase, 'Failed')
    assert.equal(stateOf(found, 'first').terminated?.exitCode, 4)
    assert.equal(stateOf(found, 'main').waiting?.reason, 'PodInitializing')
    assert.deepEqual(condition(found, 'Initialized'), { status: 'False', reason: 'ContainersNotInitialized' })
  })
})

describe('what a pod says about its container', () => {
  it('arrives as environment', async () => {
    const env = [
      { name: 'PLAIN', value: 'a b' },
      { name: 'EXPANDED', value: '<$(PLAIN)> $$(PLAIN) $(UNKNOWN)' },
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
      { name: 'NONE', valueFrom: { secretKeyRef: { name: 'nowhere', key: 'x', optional: true } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
    ]
    const container = shell('env | sort', {
      env,
      envFrom: [{ prefix: 'KEY_', secretRef: { name: 'keys' } }],
      resources: { limits: { memory: '64Mi' } },
    })
    const lines = (await output('environment', container)).trim().split('\n')
    const seen = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2)))
    const { PLAIN, EXPANDED, POD, NODE, COLOUR, TOKEN, NONE, MEMORY, KEY_token, HOSTNAME } = seen
    assert.deepEqual(
      { PLAIN, EXPANDED, POD, NODE, COLOUR, TOKEN, NONE, MEMORY, KEY_token, HOSTNAME },
      {
        PLAIN: 'a b',
        EXPANDED: '<a b> $(PLAIN) $(UNKNOWN)',
        POD: 'environment',
        NODE: node.name,
        COLOUR: 'blue',
        TOKEN: 's3cret',
        NONE: undefined,
        MEMORY: '64',
        KEY_token: 's3cret',
        HOSTNAME: 'environment',
      },
    )
  })

  it('arrives as files, laid out as a kubelet does', async () => {
    const container = shell(
      'cd /etc/loom; ls -A plan; cat plan/plan.json keys/deep/token; stat -Lc %a keys/deep/token; touch plan/x',
      {
        volumeMounts: [
          { name: 'plan', mountPath: '/etc/loom/plan' },
          { name: 'keys', mountPath: '/etc/loom/keys' },
        ],
      },
    )
    const volumes = [
      { name: 'plan', configMap: { name: 'settings' } },
      { name: 'keys', secret: { secretName: 'keys', items: [{ key: 'token', path: 'deep/token', mode: 0o400 }] } },
    ]
    const text = await output('files', container, { volumes })
    assert.match(text, /^\.\.\d{4}\S+\n\.\.data\ncolour\nplan\.json\n\{\}s3cret400\n/)
    assert.match(text, /Read-only file system/)
  })

  it('arrives as service account, which may talk to the API server from inside', async () => {
    const script = [
      'cd /var/run/secrets/kubernetes.io/serviceaccount; cat namespace; echo',
      'exec /app/node_modules/.bin/node -e "',
      "const fs = require('fs');",
      "require('https').get({ host: process.env.KUBERNETES_SERVICE_HOST, port: process.env.KUBERNETES_SERVICE_PORT,",
      "path: '/api/v1/namespaces/default/pods', ca: fs.readFileSync('ca.crt'), headers: { authorization: 'Bearer ' + fs.readFileSync('token') } },",
      '(answer) => { answer.resume(); console.log(answer.statusCode) })"',
    ]
    const folder = join(import.meta.dirname, '../..')
    const volumes = [{ name: 'app', hostPath: { path: folder, type: 'Directory' } }]
    const container = shell(script.join('\n'), { volumeMounts: [{ name: 'app', mountPath: '/app', readOnly: true }] })
    await until('the namespace has its authority', () => plane.api.find(`${CONFIG_MAPS}/kube-root-ca.crt`))
    const text = await output('account', container, { volumes, automountServiceAccountToken: true } as Partial<PodSpec>)
    assert.equal(text, `${NAMESPACE}\n403\n`)
  })

  it('decides whom it runs as and what it may write', async () => {
    const container = shell(
      'id -u; id -G; touch /nowhere; touch /tmp/x; touch /data/x && stat -c %g /data/x; grep CapEff /proc/self/status',
      {
        securityContext: { readOnlyRootFilesystem: true, runAsUser: 65532, runAsGroup: 65532, runAsNonRoot: true },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    )
    const more = { securityContext: { fsGroup: 2000 }, volumes: [{ name: 'data', emptyDir: {} }] }
    assert.deepEqual((await output('restricted', container, more)).trim().split('\n'), [
      '65532',
      '65532 2000',
      "touch: cannot touch '/nowhere': Read-only file system",
      "touch: cannot touch '/tmp/x': Read-only file system",
      '2000',
      'CapEff:\t0000000000000000',
    ])
  })

  it('decides what root may do', async () => {
    const script = 'touch /tmp/x; chown 5:5 /tmp/x 2>&1; stat -c %u /tmp/x'
    assert.equal(await output('root', shell(script)), '5\n')
    const container = shell(script, { securityContext: { capabilities: { drop: ['ALL'] } } })
    assert.equal(
      await output('tame-root', container),
      "chown: changing ownership of '/tmp/x': Operation not permitted\n0\n",
    )
  })

  it('decides which image it runs, with which arguments', async () => {
    assert.equal(
      await output('own-image', { name: 'main', image: 'own:1', args: ['with', 'love'] }),
      'hello from the image, with love\n',
    )
    assert.equal(await output('own-user', { name: 'main', image: 'own:1', command: ['id', '-u'] }), '1234\n')
  })

  it('reaches folders of the host and nothing else of it can be changed', async () => {
    const volumes = [{ name: 'host', hostPath: { path: imageFolder, type: 'Directory' } }]
    const script = 'echo written >/lake/proof; echo changed >/etc/hostname; mkdir /made-by-a-pod; cat /etc/hostname'
    const text = await output('host-path', shell(script, { volumeMounts: [{ name: 'host', mountPath: '/lake' }] }), {
      volumes,
    })
    assert.equal(text, 'changed\n')
    assert.equal(readFileSync(join(imageFolder, 'proof'), 'utf8'), 'written\n')
    assert.notEqual(readFileSync('/etc/hostname', 'utf8'), 'changed\n')
  })
})

describe('a pod that is ended', () => {
  const patient = 'trap "echo bye >/dev/termination-log; exit 0" TERM; while :; do sleep 0.05; done'

  it('by its deadline fails with the reason, and its container is told first', async () => {
    const found = await finished('deadline', shell(patient), { activeDeadlineSeconds: 1 })
    assert.equal(found.status?.phase, 'Failed')
    assert.equal(found.status.reason, 'DeadlineExceeded')
    assert.equal(found.status.message, 'Pod was active on the node longer than the specified deadline')
    assert.equal(stateOf(found).terminated?.exitCode, 0)
    assert.equal(stateOf(found).terminated?.message, 'bye\n')
    assert.ok((await eventReasons(plane.api, 'deadline')).includes('DeadlineExceeded'))
  })

  it('is killed when its grace is over', async () => {
    const deaf = shell('trap "" TERM; while :; do sleep 0.05; done')
    const found = await finished('deaf', deaf, { activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 1 })
    assert.equal(stateOf(found).terminated?.exitCode, 137)
    assert.equal(stateOf(found).terminated?.reason, 'Error')
  })

  it('by deletion is told, says how it ended, and is gone', async () => {
    await plane.api.create(PODS, pod('deleted', shell(patient)))
    await podIn(plane.api, 'deleted', 'Running')
    const statuses: string[] = []
    const stop = new AbortController()
    const take = ({ object }: { object: Pod }) => {
      if (object.metadata.name === 'deleted')
        statuses.push(`${object.status?.phase} ${stateOf(object).terminated?.message ?? ''}`)
    }
    const watching = plane.api.watch<Pod>(`${PODS}?watch=true`, take, stop.signal).catch(() => undefined)
    await plane.api.delete(`${PODS}/deleted`)
    await until('the pod is gone', async () => (await plane.api.find(`${PODS}/deleted`)) === undefined)
    await until('its last status was seen', () => statuses.includes('Succeeded bye\n'), { seen: () => statuses })
    stop.abort()
    await watching
  })

  it('by deletion of its Job is gone too, even where it never ran', async () => {
    await plane.api.create(JOBS, job('never', { name: 'main', image: 'shell' }))
    const path = `${PODS}?labelSelector=batch.kubernetes.io/job-name%3Dnever`
    await until(
      'the pod waits',
      async () => stateOf((await plane.api.list<Pod>(path))[0] as Pod).waiting?.reason === 'CreateContainerError',
    )
    await plane.api.delete(`${JOBS}/never`, { propagationPolicy: 'Foreground' })
    await until('Job and pod are gone', async () => {
      const pods = await plane.api.list(path)
      return pods.length === 0 && (await plane.api.find(`${JOBS}/never`)) === undefined
    })
  })
})

describe('an outage of the API server', () => {
  it('stops no pod, and its end is told afterwards', async () => {
    await plane.api.create(
      PODS,
      pod(
        'outage',
        shell('while [ ! -e /lake/go ]; do sleep 0.05; done', {
          volumeMounts: [{ name: 'host', mountPath: '/lake' }],
        }),
        { volumes: [{ name: 'host', hostPath: { path: imageFolder } }] },
      ),
    )
    await podIn(plane.api, 'outage', 'Running')
    await plane.killApiServer()
    writeFileSync(join(imageFolder, 'go'), '')
    await plane.startApiServer()
    await podIn(plane.api, 'outage', 'Succeeded')
  })
})
