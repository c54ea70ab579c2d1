// An event of events.k8s.io/v1 about one of our objects.
import type { Kind } from '../manifest/index.ts'
import type { RunEvent } from '../reconcile/index.ts'
import type { KubeObject } from './kube/index.ts'

/** What the API server takes as a note at most. */
const NOTE_LENGTH = 1024

/** kubectl describe shows events of this API by name (it sorts by a field that they may not have): names tell their order. */
const inOrder = (now: number): string => Math.max(0, Math.trunc(now)).toString(16).padStart(12, '0')

export function eventObject(input: {
  about: { kind: Kind; name: string; namespace: string; uid: string; resourceVersion: string }
  event: RunEvent
  instance: string
  now: number
  id: string
}): KubeObject {
  const { about, event, instance, now, id } = input
  const object = {
    metadata: {
      name: `${about.name.slice(0, 200)}.${inOrder(now)}${id.replaceAll('-', '').slice(0, 16)}`,
      namespace: about.namespace,
    },
    eventTime: new Date(now).toISOString().replace('Z', '000Z'),
    reportingController: 'loom.etl/operator',
    reportingInstance: instance.slice(0, 128),
    action: 'Reconcile',
    type: event.type,
    reason: event.reason,
    note: event.message.slice(0, NOTE_LENGTH),
    regarding: {
      apiVersion: 'loom.etl/v1alpha1',
      kind: about.kind,
      namespace: about.namespace,
      name: about.name,
      uid: about.uid,
      resourceVersion: about.resourceVersion,
    },
  }
  return object
}
