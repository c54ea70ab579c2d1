// The cluster that a user means, by kubectl's rules, reached with the user's own rights. Nothing is kept between two commands.
import { type Connection, connect, KubeClient, type KubeconfigChoice } from '../effects/index.ts'
import { explained } from './explained.ts'

export interface ClusterChoice extends KubeconfigChoice {
  /** Absent: that of the context, else `default`. */
  namespace?: string
}

export interface RemoteCluster {
  kube: KubeClient
  connection: Connection
  namespace: string
}

/**
 * Does something on the cluster and lets go of it.
 * @throws Fault what is wrong with the kubeconfig, or what the API server does not do, told for people
 */
export async function onCluster<T>(
  { namespace, ...choice }: ClusterChoice,
  act: (cluster: RemoteCluster) => Promise<T>,
): Promise<T> {
  const connection = connect({ ...choice, connections: 256 })
  try {
    return await act({ kube: new KubeClient(connection), connection, namespace: namespace ?? connection.namespace })
  } catch (thrown) {
    throw explained(thrown, connection.server)
  } finally {
    await connection.close()
  }
}
