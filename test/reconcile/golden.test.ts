// What is made for a run on Kubernetes, side by side with its manifests in test/reconcile/golden. UPDATE_GOLDEN=1 rewrites it.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { V1PodSpec } from '@kubernetes/client-node'
import { planFits, storedPlanOf } from '../../src/reconcile/index.ts'
import { cases, GOLDEN, OUTPUTS, type Rendered, rendered } from './golden-case.ts'
import { restrictedProblems } from './pod-security.ts'

const byName = new Map<string, Rendered>()
for (const name of cases()) byName.set(name, await rendered(name))

describe('golden objects', () => {
  for (const [name, { outputs }] of byName)
    it(name.replaceAll('-', ' '), () => {
      for (const file of OUTPUTS) {
        const path = join(GOLDEN, name, file)
        if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, outputs[file])
        const wanted = existsSync(path) ? readFileSync(path, 'utf8') : undefined
        assert.equal(outputs[file], wanted, `${name}/${file} differs; if it is right so, run it with UPDATE_GOLDEN=1`)
      }
    })

  it('are ten or more', () => assert.ok(cases().length >= 10))
})

describe('every Job', () => {
  const jobs = [...byName].flatMap(([name, { jobs: made }]) => made.map((job) => ({ name, job })))

  it('has pods that the restricted profile lets in', () => {
    for (const { name, job } of jobs) assert.deepEqual(restrictedProblems(podOf(job)), [], name)
  })
  it('has pods without a token, with a read-only root and a bounded memory', () => {
    for (const { job } of jobs) {
      const spec = podOf(job)
      assert.equal(spec.automountServiceAccountToken, false)
      for (const { securityContext, resources } of spec.containers) {
        assert.equal(securityContext?.readOnlyRootFilesystem, true)
        assert.ok(resources?.limits?.['memory'] !== undefined)
      }
    }
  })
  it('makes one pod, once', () => {
    for (const { job } of jobs) {
      assert.deepEqual([job.spec?.backoffLimit, job.spec?.completions, job.spec?.parallelism], [0, 1, 1])
      assert.equal(podOf(job).restartPolicy, 'Never')
    }
  })
  it('of a step belongs to its run, and one that cleans up to nobody', () => {
    for (const { job } of jobs) {
      const isStep = job.metadata?.labels?.['app.kubernetes.io/component'] === 'step'
      assert.equal(job.metadata?.ownerReferences?.[0]?.kind, isStep ? 'ETLRun' : undefined)
    }
  })
})

describe('every plan', () => {
  it('comes back from its ConfigMap as it went in', () => {
    for (const { map, stored, run } of byName.values()) {
      const back = storedPlanOf(JSON.parse(JSON.stringify(map)), run.metadata, map.metadata?.name ?? '')
      assert.deepEqual(back, JSON.parse(JSON.stringify(stored)))
      assert.ok(planFits(stored))
    }
  })
  it('is not taken from a ConfigMap of the same name and other content', () => {
    const [first] = byName.values()
    assert.ok(first)
    const data = { ...first.map.data, 'pods.json': '{"serviceAccountName":"admin"}' }
    assert.equal(storedPlanOf({ ...first.map, data }, first.run.metadata, first.map.metadata?.name ?? ''), undefined)
  })
})

describe('the check of the restricted profile refuses', () => {
  const sound = podOf([...byName.values()][0]?.jobs[0])
  const [container] = sound.containers
  assert.ok(container)
  const inPod = (change: object): V1PodSpec => ({ ...sound, ...change })
  const inContext = (change: object): V1PodSpec => inPod({ securityContext: { ...sound.securityContext, ...change } })
  const inContainer = (change: object): V1PodSpec => inPod({ containers: [{ ...container, ...change }] })
  const inItsContext = (change: object) => inContainer({ securityContext: { ...container.securityContext, ...change } })
  const bad: [why: string, spec: V1PodSpec, problem: RegExp][] = [
    ['a folder of the host', inPod({ volumes: [{ name: 'x', hostPath: { path: '/' } }] }), /volume x: hostPath/],
    ['an NFS share', inPod({ volumes: [{ name: 'x', nfs: { path: '/', server: 's' } }] }), /nfs/],
    ['the network of the host', inPod({ hostNetwork: true }), /hostNetwork/],
    ['the processes of the host', inPod({ hostPID: true }), /hostPID/],
    ['the IPC of the host', inPod({ hostIPC: true }), /hostIPC/],
    ['a port of the host', inContainer({ ports: [{ containerPort: 80, hostPort: 80 }] }), /hostPort/],
    ['privileges', inItsContext({ privileged: true }), /privileged/],
    ['more privileges than its parent', inItsContext({ allowPrivilegeEscalation: true }), /allowPrivilegeEscalation/],
    ['no word about escalation', inItsContext({ allowPrivilegeEscalation: undefined }), /allowPrivilegeEscalation/],
    ['root', inContext({ runAsUser: 0 }), /runAsUser 0/],
    ['root in the container', inItsContext({ runAsUser: 0 }), /runAsUser 0/],
    ['maybe root', inContext({ runAsNonRoot: undefined }), /runAsNonRoot/],
    ['root allowed in the container', inItsContext({ runAsNonRoot: false }), /runAsNonRoot/],
    ['no seccomp', inContext({ seccompProfile: undefined }), /no seccomp/],
    ['Unconfined seccomp', inItsContext({ seccompProfile: { type: 'Unconfined' } }), /seccomp/],
    ['capabilities that are kept', inItsContext({ capabilities: {} }), /not dropped/],
    ['capabilities that are added', inItsContext({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }), /are added/],
    [
      'an init container without a context',
      inPod({ initContainers: [{ name: 'init', image: 'x' }] }),
      /init: capabilities/,
    ],
    ['unmasked /proc', inItsContext({ procMount: 'Unmasked' }), /procMount/],
    ['a sysctl', inContext({ sysctls: [{ name: 'kernel.msgmax', value: '1' }] }), /sysctl/],
    ['an SELinux user', inContext({ seLinuxOptions: { user: 'x' } }), /SELinux user/],
    ['an SELinux type', inItsContext({ seLinuxOptions: { type: 'spc_t' } }), /SELinux type/],
    ['Unconfined AppArmor', inContext({ appArmorProfile: { type: 'Unconfined' } }), /AppArmor/],
    ['a host process of Windows', inContext({ windowsOptions: { hostProcess: true } }), /hostProcess/],
  ]
  for (const [why, spec, problem] of bad)
    it(why, () => {
      assert.match(restrictedProblems(spec).join('\n'), problem)
    })
})

function podOf(job: Rendered['jobs'][number] | undefined): V1PodSpec {
  const spec = job?.spec?.template.spec
  if (spec === undefined || spec === null) throw new Error('a Job without a pod')
  return spec
}
