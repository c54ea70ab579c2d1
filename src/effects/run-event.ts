// An event of events.k8s.io/v1 about a run.
import type { RunEvent, RunObject } from '../reconcile/index.ts'
import type { KubeObject } from './kube/index.ts'

/** What the API server takes as a note at most. */
const NOTE_LENGTH = 1024

export function eventObject(input: {
  run: RunObject['metadata']
  event: RunEvent
  instance: string
  now: number
  id: string
}): KubeObject {
  const { run, event, instance, now, id } = input
  const object = {
    metadata: { name: `${run.name.slice(0, 200)}.${id.replaceAll('-', '').slice(0, 16)}`, namespace: run.namespace },
    eventTime: new Date(now).toISOString().replace('Z', '000Z'),
    reportingController: 'loom.etl/operator',
    reportingInstance: instance.slice(0, 128),
    action: 'Reconcile',
    type: event.type,
    reason: event.reason,
    note: event.message.slice(0, NOTE_LENGTH),
    regarding: {
      apiVersion: 'loom.etl/v1alpha1',
      kind: 'ETLRun',
      namespace: run.namespace,
      name: run.name,
      uid: run.uid,
      resourceVersion: run.resourceVersion,
    },
  }
  return object
}
