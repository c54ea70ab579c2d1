// The product as it is installed on a real node: by Helm, with the image that was built from the Dockerfile.
import { Release } from '../../chart/bed/release.ts'
import { IMAGE } from '../bed/images.ts'
import type { RealNode } from '../bed/real-node.ts'

/** A release that is not installed yet, and its namespace, which takes restricted pods only. */
export async function releaseOn({ plane }: RealNode): Promise<Release> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await plane.api.create('/api/v1/namespaces', { metadata: { name: 'loom-system', labels } })
  const [repository = '', tag = ''] = IMAGE.split(/:(?=[^:/]+$)/)
  return new Release(plane.kubeconfig, [`image.repository=${repository}`, `image.tag=${tag}`, 'image.pullPolicy=Never'])
}
