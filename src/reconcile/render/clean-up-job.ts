// The Job that removes a run's temps. The run does not own it: it must outlive the run's deletion. It gets what it needs as
// arguments, since the plan's ConfigMap may be gone before it.
import type { V1Job } from '@kubernetes/client-node'
import type { RunObject } from '../observed.ts'
import { settingsOf } from '../pod-policy.ts'
import { container, jobAround, podSpec, type RenderDefaults, volumes, WORK_MOUNT } from './job.ts'
import { cleanUpName, LABELS, labelsOf } from './names.ts'
import type { StoredPlan } from './plan-config-map.ts'
import { storeEnv } from './store-env.ts'

/** Seconds that a finished clean-up Job stays, for its logs. */
const KEEP_SECONDS = 3600

export function cleanUpJob(
  run: RunObject,
  stored: StoredPlan,
  input: { scope: 'run' | 'correlation'; defaults: RenderDefaults },
): V1Job {
  const settings = settingsOf(run.spec.step ?? {}, stored.pods)
  const labels = { ...labelsOf(run.metadata, stored.plan.pipeline), [LABELS.component]: 'clean-up' }
  const id = input.scope === 'run' ? `--run-id=${run.metadata.uid}` : (run.spec.correlationId ?? '')
  const args = ['cleanup', id, `--temp-root=${stored.binding.tempRoot}`]
  const { defaults } = input
  const env = storeEnv(stored.binding)
  const main = container(settings, stored, { name: 'step', defaults, args, mounts: [WORK_MOUNT], env })
  return jobAround({
    name: cleanUpName(run.metadata, input.scope),
    namespace: run.metadata.namespace,
    labels,
    owners: undefined,
    ttlSeconds: KEEP_SECONDS,
    template: {
      metadata: { labels },
      spec: {
        ...podSpec(settings, stored),
        activeDeadlineSeconds: 600,
        containers: [main],
        volumes: volumes(stored),
      },
    },
  })
}
