// What a pod needs to reach the object store of its storage. The credentials are named and never read here: the kubelet puts
// them into the container's environment. Of the Secret only these keys count, so that it can set nothing else.
import type { V1EnvVar } from '@kubernetes/client-node'
import type { StorageBinding } from '../../plan/index.ts'

export function storeEnv({ objectStore }: Pick<StorageBinding, 'objectStore'>): V1EnvVar[] {
  if (objectStore === undefined) return []
  const { endpoint, region, pathStyle, credentialsSecret } = objectStore.s3
  return [
    ...(endpoint === null ? [] : [{ name: 'LOOM_S3_ENDPOINT', value: endpoint }]),
    { name: 'LOOM_S3_PATH_STYLE', value: String(pathStyle) },
    ...(region === null ? [] : [{ name: 'AWS_REGION', value: region }]),
    ...(credentialsSecret === null ? [] : secretEnv(credentialsSecret)),
  ]
}

function secretEnv(name: string): V1EnvVar[] {
  const from = (key: string, optional: boolean): V1EnvVar => ({
    name: key,
    valueFrom: { secretKeyRef: { name, key, ...(optional ? { optional } : {}) } },
  })
  return [from('AWS_ACCESS_KEY_ID', false), from('AWS_SECRET_ACCESS_KEY', false), from('AWS_SESSION_TOKEN', true)]
}
