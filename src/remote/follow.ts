// Follows one run to its end. It outlives broken watches and an API server that is away for a while; what it can't outlive
// (rights that are gone, a run that was deleted) ends it with a fault.
import { Fault, showDuration } from '../base/index.ts'
import { type AnyObject, type Change, type KubeObject, Reflector, readRun } from '../effects/index.ts'
import type { RunObject } from '../reconcile/index.ts'
import type { RemoteCluster } from './cluster.ts'

interface Watched {
  resource: 'ETLRun' | 'Pod'
  selector: { fieldSelector: string } | { labelSelector: string }
  signal: AbortSignal
  /** Told when the API server is away, before it is asked again. */
  say?: (line: string) => void
}

/** Troubles that pass by themselves are told from this one on: a watch that ends is nothing. */
const TOLD_FROM_MS = 1_000

/**
 * Calls back for every change, until the signal is aborted.
 * @throws Fault denied, what the API server will not do however often it is asked
 */
export async function watchObjects(
  { kube, namespace }: RemoteCluster,
  { resource, selector, signal, say = () => {} }: Watched,
  onChange: (change: Change<AnyObject>) => void,
): Promise<void> {
  const stop = new AbortController()
  let denied: Fault | undefined
  const reflector = new Reflector<AnyObject & KubeObject>({
    client: kube,
    resource,
    namespace,
    ...selector,
    keep: (object) => object,
    onChange,
    onTrouble: (fault, waitMs) => {
      if (fault.kind === 'denied') {
        denied = fault
        stop.abort()
      } else if (waitMs >= TOLD_FROM_MS) say(`${fault.message}; asking again in ${showDuration(waitMs)}`)
    },
    maxWaitMs: 5_000,
    random: Math.random,
  })
  await reflector.run(AbortSignal.any([signal, stop.signal]))
  if (denied !== undefined) throw denied
}

/**
 * The run as it is now and after each change that is seen; ends when the signal is aborted.
 * @throws Fault conflict RunDeleted
 */
export async function* followRun(
  cluster: RemoteCluster,
  { name, uid }: { name: string; uid: string },
  { signal, say }: Pick<Watched, 'signal' | 'say'>,
): AsyncGenerator<RunObject> {
  const stop = new AbortController()
  let [latest, gone, wake] = [undefined as RunObject | undefined, false, () => {}]
  let failed: unknown
  const watching = watchObjects(
    cluster,
    {
      resource: 'ETLRun',
      selector: { fieldSelector: `metadata.name=${name}` },
      signal: AbortSignal.any([signal, stop.signal]),
      ...(say === undefined ? {} : { say }),
    },
    ({ after }) => {
      if (after?.metadata.uid === uid) latest = readRun(after).run
      else gone = true
      wake()
    },
  ).catch((thrown: unknown) => {
    failed = thrown
  })
  void watching.then(() => wake())
  try {
    while (!signal.aborted) {
      if (failed !== undefined) throw failed
      const run = latest
      latest = undefined
      if (run !== undefined) yield run
      else if (gone) throw deleted(name)
      else
        await new Promise<void>((resolve) => {
          wake = resolve
          if (latest !== undefined || gone || failed !== undefined || signal.aborted) resolve()
        })
    }
  } finally {
    stop.abort()
    await watching
  }
}

const deleted = (name: string): Fault =>
  new Fault({ kind: 'conflict', code: 'RunDeleted', message: `cannot follow ETLRun "${name}": it was deleted` })
