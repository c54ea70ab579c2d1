// The product as it is installed on a real node: by Helm, with the image that was built from the Dockerfile.
import { Release } from '../../chart/bed/release.ts'
import { IMAGE } from '../bed/images.ts'
import { NATS_IMAGE } from '../bed/program-image.ts'
import type { RealNode } from '../bed/real-node.ts'
import { NAMESPACE } from './etl.ts'

/** A release that is not installed yet, and its namespace, which takes restricted pods only. */
export async function releaseOn({ plane }: RealNode): Promise<Release> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await plane.api.create('/api/v1/namespaces', { metadata: { name: 'loom-system', labels } })
  const [repository = '', tag = ''] = IMAGE.split(/:(?=[^:/]+$)/)
  return new Release(plane.kubeconfig, [`image.repository=${repository}`, `image.tag=${tag}`, 'image.pullPolicy=Never'])
}

/** The chart's own NATS server, for the namespace where runs go on. */
export const NATS_VALUES: readonly string[] = [
  'nats.enabled=true',
  `nats.namespaces={${NAMESPACE}}`,
  ...['repository', 'tag'].map((part, index) => `nats.image.${part}=${NATS_IMAGE.split(/:(?=[^:/]+$)/)[index]}`),
  'nats.image.pullPolicy=Never',
]
