// The Job of one try of one step, and the pod that it makes: restricted, without a token, without rights.
import type {
  V1Container,
  V1EnvVar,
  V1Job,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node'
import type { PodSettings } from '../../manifest/index.ts'
import { type StepPlan, WORKER_ENV } from '../../plan/index.ts'
import { DEFAULT_RESOURCES } from '../default-resources.ts'
import { POD_DEADLINE_SLACK } from '../limits.ts'
import type { RunObject, TryId } from '../observed.ts'
import { settingsOf } from '../pod-policy.ts'
import { isLastAttempt } from '../restart.ts'
import { jobName, labelsOf, ownedBy } from './names.ts'
import { configMapName, type StoredPlan } from './plan-config-map.ts'
import { storeEnv } from './store-env.ts'

/** Where things lie in a step's container. */
export const POD_PATHS = { plan: '/etc/loom/plan', work: '/var/lib/loom/work' } as const

const PLAN_MOUNT = { name: 'loom-plan', mountPath: POD_PATHS.plan, readOnly: true }
export const WORK_MOUNT = { name: 'loom-work', mountPath: POD_PATHS.work }

export interface RenderDefaults {
  /** Image of a step when the storage names none: the operator's own. */
  image: string
}

export interface StepJobInput {
  run: RunObject
  stored: StoredPlan
  step: StepPlan
  id: TryId
  defaults: RenderDefaults
}

export function stepJob({ run, stored, step, id, defaults }: StepJobInput): V1Job {
  const meta = run.metadata
  const settings = settingsOf(run.spec.step ?? {}, stored.pods)
  const labels = { ...settings.labels, ...labelsOf(meta, stored.plan.pipeline, id) }
  const template: V1PodTemplateSpec = {
    metadata: { labels, annotations: { ...settings.annotations, 'loom.etl/plan-hash': stored.plan.hash } },
    spec: {
      ...podSpec(settings, stored),
      ...(step.timeoutMs === null
        ? {}
        : { activeDeadlineSeconds: Math.ceil((step.timeoutMs + POD_DEADLINE_SLACK) / 1000) }),
      containers: [
        container(settings, stored, {
          name: 'step',
          defaults,
          args: stepArgs(run, id),
          mounts: [PLAN_MOUNT, WORK_MOUNT],
          env: storeEnv(stored.binding),
        }),
      ],
      volumes: volumes(stored, run.status.planConfigMap ?? configMapName(meta, stored)),
    },
  }
  return jobAround({ name: jobName(meta, id), namespace: meta.namespace, labels, owners: ownedBy(meta), template })
}

function stepArgs(run: RunObject, { process, step, attempt, try: number }: TryId): string[] {
  const { metadata, spec, status } = run
  return [
    'step',
    `--plan=${POD_PATHS.plan}`,
    `--work=${POD_PATHS.work}`,
    `--process=${process}`,
    `--step=${step}`,
    `--attempt=${attempt}`,
    `--try=${number}`,
    `--run-id=${status.runId ?? spec.runId ?? metadata.uid}`,
    `--run-uid=${metadata.uid}`,
    ...(spec.correlationId === undefined ? [] : [`--correlation-id=${spec.correlationId}`]),
    ...(isLastAttempt(run, attempt) ? ['--last-attempt'] : []),
  ]
}

/** One pod, never restarted: only the operator retries, with its own counts. */
export function jobAround(input: {
  name: string
  namespace: string
  labels: Record<string, string>
  owners: ReturnType<typeof ownedBy> | undefined
  template: V1PodTemplateSpec
  ttlSeconds?: number
}): V1Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: input.name,
      namespace: input.namespace,
      labels: input.labels,
      ...(input.owners === undefined ? {} : { ownerReferences: input.owners }),
    },
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      ...(input.ttlSeconds === undefined ? {} : { ttlSecondsAfterFinished: input.ttlSeconds }),
      template: input.template,
    },
  }
}

export function podSpec(settings: PodSettings, { pods }: Pick<StoredPlan, 'pods'>): Omit<V1PodSpec, 'containers'> {
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 30,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(pods.serviceAccountName === undefined ? {} : { serviceAccountName: pods.serviceAccountName }),
    ...(pods.imagePullSecrets === undefined ? {} : { imagePullSecrets: pods.imagePullSecrets }),
    ...(settings.nodeSelector === undefined ? {} : { nodeSelector: settings.nodeSelector }),
    ...(settings.tolerations === undefined ? {} : { tolerations: settings.tolerations }),
    ...(settings.affinity === undefined ? {} : { affinity: settings.affinity }),
    ...(settings.priorityClassName === undefined ? {} : { priorityClassName: settings.priorityClassName }),
  }
}

export interface ContainerInput {
  name: 'step' | 'worker'
  defaults: RenderDefaults
  args: string[]
  mounts: V1VolumeMount[]
  env?: V1EnvVar[]
}

export function container(
  settings: PodSettings,
  { pods }: Pick<StoredPlan, 'pods'>,
  input: ContainerInput,
): V1Container {
  return {
    name: input.name,
    image: settings.image ?? input.defaults.image,
    args: input.args,
    resources: (settings.resources ?? DEFAULT_RESOURCES) as NonNullable<V1Container['resources']>,
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    terminationMessagePolicy: 'File',
    env: [
      {
        name: WORKER_ENV.memory,
        valueFrom: { resourceFieldRef: { resource: 'limits.memory', containerName: input.name } },
      },
      ...(input.env ?? []),
    ],
    volumeMounts: [...input.mounts, ...((pods.volumeMounts ?? []) as V1VolumeMount[])],
  }
}

export function volumes({ pods }: Pick<StoredPlan, 'pods'>, planMap?: string): V1Volume[] {
  return [
    ...(planMap === undefined ? [] : [{ name: 'loom-plan', configMap: { name: planMap } }]),
    { name: 'loom-work', emptyDir: {} },
    ...((pods.volumes ?? []) as V1Volume[]),
  ]
}
