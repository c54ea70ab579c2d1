// The Deployment of a pool's workers: restricted pods like those of steps, that live on. A rollout takes nobody away before a
// new one is there, and gives everybody the time to finish.
import type { V1Deployment, V1PodTemplateSpec } from '@kubernetes/client-node'
import { hashOf, parseDuration } from '../../base/index.ts'
import { WORKER_ENV } from '../../plan/index.ts'
import { container, POD_PATHS, podSpec, volumes, WORK_MOUNT } from '../render/job.ts'
import { LABELS, labelValue, MANAGER, ownedBy, workersName } from '../render/names.ts'
import { storeEnv } from '../render/store-env.ts'
import type { PoolObserved, PoolStorage, WorkerNats } from './observed.ts'
import { type PoolObject, workerSettings } from './pool-object.ts'

/** Says of a Deployment which settings its pods have. */
export const TEMPLATE_HASH = 'loom.etl/template-hash'
/** A ReplicaSet takes those pods away first whose cost is lowest. */
export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
export const MARKED_COST = '-100'

const CREDENTIALS_FOLDER = '/etc/loom/nats'
const DEFAULT_DRAIN = '10m'
const DEFAULT_STEPS_PER_PROCESS = 200
/** For the outcome to be told, once the step is done. */
const GRACE_SLACK_SECONDS = 30
/** A worker that ends sooner than that has not come up, and a rollout stops. */
const MIN_READY_SECONDS = 5

export interface DeploymentInput {
  pool: PoolObject
  storage: PoolStorage
  nats: WorkerNats
  defaults: PoolObserved['defaults']
}

/** Without a number of replicas: that changes by itself. */
export function workersDeployment(input: DeploymentInput): V1Deployment & { spec: NonNullable<V1Deployment['spec']> } {
  const { metadata } = input.pool
  const template = templateOf(input)
  const labels = poolLabels(metadata)
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: workersName(metadata),
      namespace: metadata.namespace,
      labels,
      annotations: { [TEMPLATE_HASH]: hashOf(template) },
      ownerReferences: ownedBy(metadata, 'ETLWorkerPool'),
    },
    spec: {
      selector: { matchLabels: { [LABELS.component]: 'worker', [LABELS.poolUid]: metadata.uid } },
      minReadySeconds: MIN_READY_SECONDS,
      revisionHistoryLimit: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
      template,
    },
  }
}

export const templateHashOf = (input: DeploymentInput): string => hashOf(templateOf(input))

export const poolLabels = ({ name, uid }: Pick<PoolObject['metadata'], 'name' | 'uid'>): Record<string, string> => ({
  [LABELS.managedBy]: MANAGER,
  [LABELS.component]: 'worker',
  [LABELS.pool]: labelValue(name),
  [LABELS.poolUid]: uid,
})

function templateOf(input: DeploymentInput): V1PodTemplateSpec {
  const { pool, storage, defaults } = input
  const settings = workerSettings(pool.spec, storage.pods)
  const drain = drainSeconds(pool)
  const { annotations, labels } = settings
  return {
    metadata: {
      labels: { ...labels, ...poolLabels(pool.metadata) },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      ...podSpec(settings, storage),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: drain + GRACE_SLACK_SECONDS,
      containers: [
        {
          ...container(settings, storage, {
            name: 'worker',
            defaults,
            args: ['worker'],
            mounts: [
              WORK_MOUNT,
              ...(storage.credentials === undefined
                ? []
                : [{ name: 'loom-nats', mountPath: CREDENTIALS_FOLDER, readOnly: true }]),
            ],
            env: [...environment(input, drain), ...storeEnv(storage)],
          }),
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
      ],
      volumes: [
        ...volumes(storage),
        ...(storage.credentials === undefined
          ? []
          : [{ name: 'loom-nats', secret: { secretName: storage.credentials, defaultMode: 0o440 } }]),
      ],
    },
  }
}

function environment({ pool, storage, nats }: DeploymentInput, drain: number) {
  const value = (name: keyof typeof WORKER_ENV, text: string) => ({ name: WORKER_ENV[name], value: text })
  const field = (name: keyof typeof WORKER_ENV, fieldPath: string) => ({
    name: WORKER_ENV[name],
    valueFrom: { fieldRef: { fieldPath } },
  })
  return [
    value('natsUrl', nats.url),
    value('natsPrefix', nats.prefix),
    ...(storage.credentials === undefined ? [] : [value('natsCredentials', CREDENTIALS_FOLDER)]),
    field('namespace', 'metadata.namespace'),
    value('pool', pool.metadata.name),
    field('worker', 'metadata.name'),
    value('work', POD_PATHS.work),
    value('maxSteps', String(pool.spec.maxStepsPerProcess ?? DEFAULT_STEPS_PER_PROCESS)),
    value('drainSeconds', String(drain)),
  ]
}

const drainSeconds = ({ spec }: PoolObject): number =>
  Math.ceil((parseDuration(spec.drainTimeout ?? DEFAULT_DRAIN) ?? 0) / 1000)
