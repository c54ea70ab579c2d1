// A reflector in a process of its own, which tells on request how much of its heap is in use. Argument: a kubeconfig.
import { connect, KubeClient, Reflector } from '../../../src/effects/index.ts'

const reflector = new Reflector({
  client: new KubeClient(connect({ kubeconfig: process.argv[2] ?? '' })),
  resource: 'ConfigMap',
  keep: ({ metadata: { name, namespace, uid, resourceVersion } }) => ({
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  }),
  onChange: () => {},
  minWaitMs: 1,
  maxWaitMs: 5,
  random: Math.random,
})

process.on('message', () => {
  globalThis.gc?.()
  process.send?.(process.memoryUsage().heapUsed)
})

await reflector.run(new AbortController().signal)
