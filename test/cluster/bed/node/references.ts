// What a pod refers to: ConfigMap and Secret keys, its own fields, its containers' resources. The messages are the kubelet's own.

import { createHash } from 'node:crypto'
import type { Api } from '../api.ts'
import type { ContainerSpec, FieldRef, KeyRef, NameRef, Pod, ResourceFieldRef } from './pod.ts'
import { amountOf } from './quantity.ts'

/** A reference leads nowhere (yet): the container waits for the `reason`, or the volume with FailedMount. */
export class MissingReference extends Error {
  readonly reason: 'CreateContainerConfigError' | 'CreateContainerError'

  constructor(message: string, reason: MissingReference['reason'] = 'CreateContainerConfigError') {
    super(message)
    this.reason = reason
  }
}

/** The data of one ConfigMap or Secret. */
export type Data = ReadonlyMap<string, Buffer>

export interface PodAddress {
  readonly hostIP: string
  readonly podIP: string
}

export class References {
  readonly pod: Pod
  readonly #api: Api
  readonly #address: PodAddress

  constructor(api: Api, pod: Pod, address: PodAddress) {
    this.#api = api
    this.pod = pod
    this.#address = address
  }

  /** Undefined where it is not there and may be missing. */
  async configMap({ name, optional }: NameRef): Promise<Data | undefined> {
    const found = await this.#api.find<{ data?: Record<string, string>; binaryData?: Record<string, string> }>(
      this.#path('configmaps', name),
    )
    if (found === undefined) return absent(optional, `configmap "${name}" not found`)
    return new Map([...entries(found.data, 'utf8'), ...entries(found.binaryData, 'base64')])
  }

  async secret({ name, optional }: NameRef): Promise<Data | undefined> {
    const found = await this.#api.find<{ data?: Record<string, string> }>(this.#path('secrets', name))
    if (found === undefined) return absent(optional, `secret "${name}" not found`)
    return new Map(entries(found.data, 'base64'))
  }

  async key(kind: 'ConfigMap' | 'Secret', ref: KeyRef): Promise<string | undefined> {
    const data = kind === 'ConfigMap' ? await this.configMap(ref) : await this.secret(ref)
    if (data === undefined) return undefined
    const value = data.get(ref.key)
    const where = `${kind} ${this.pod.metadata.namespace}/${ref.name}`
    return value === undefined
      ? absent(ref.optional, `couldn't find key ${ref.key} in ${where}`)
      : value.toString('utf8')
  }

  /** A token for the pod's service account, bound to the pod. */
  async token(options: { audience?: string; expirationSeconds?: number }): Promise<string> {
    const { name, uid } = this.pod.metadata
    const account = this.pod.spec.serviceAccountName ?? 'default'
    const spec = {
      audiences: options.audience === undefined ? [] : [options.audience],
      expirationSeconds: options.expirationSeconds ?? 3600,
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
    }
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
    const path = `${this.#path('serviceaccounts', account)}/token`
    return (await this.#api.create<{ status: { token: string } }>(path, request)).status.token
  }

  /** The folder behind a claim: its volume must be bound and lie on the host. */
  async claimFolder(claim: string): Promise<string> {
    const found = await this.#api.find<{ spec: { volumeName?: string } }>(this.#path('persistentvolumeclaims', claim))
    const volume = found?.spec.volumeName
    if (volume === undefined) throw new MissingReference(`persistentvolumeclaim "${claim}" not found or not bound`)
    const path = `/api/v1/persistentvolumes/${volume}`
    const { spec } = await this.#api.get<{ spec: { hostPath?: { path: string }; local?: { path: string } } }>(path)
    const folder = spec.hostPath?.path ?? spec.local?.path
    if (folder === undefined)
      throw new MissingReference(
        `the process node can mount volumes of type hostPath and local only, which "${volume}" is not`,
      )
    return folder
  }

  field({ fieldPath }: FieldRef): string {
    const { metadata, spec } = this.pod
    const [, map, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath) ?? []
    if (map !== undefined) return metadata[map as 'labels' | 'annotations']?.[key] ?? ''
    const fields: Record<string, string | undefined> = {
      'metadata.name': metadata.name,
      'metadata.namespace': metadata.namespace,
      'metadata.uid': metadata.uid,
      'metadata.labels': lines(metadata.labels),
      'metadata.annotations': lines(metadata.annotations),
      'spec.nodeName': spec.nodeName,
      'spec.serviceAccountName': spec.serviceAccountName,
      'status.hostIP': this.#address.hostIP,
      'status.hostIPs': this.#address.hostIP,
      'status.podIP': this.#address.podIP,
      'status.podIPs': this.#address.podIP,
    }
    const value = fields[fieldPath]
    if (value === undefined) throw new MissingReference(`fieldPath "${fieldPath}" is not supported`)
    return value
  }

  /** `container` is the one that asks, where the reference names none. */
  resource(ref: ResourceFieldRef, container: ContainerSpec | undefined): string {
    const spec =
      ref.containerName === undefined
        ? container
        : this.pod.spec.containers.find(({ name }) => name === ref.containerName)
    const [kind = '', resource = ''] = ref.resource.split('.', 2)
    const amount = spec?.resources?.[kind as 'requests' | 'limits']?.[resource] ?? '0'
    const divisor = ref.divisor === undefined || ref.divisor === '0' ? '1' : ref.divisor
    return String(Math.ceil(amountOf(amount) / amountOf(divisor)))
  }

  #path(kind: string, name: string): string {
    return `/api/v1/namespaces/${this.pod.metadata.namespace}/${kind}/${name}`
  }
}

function absent(optional: boolean | undefined, message: string): undefined {
  if (optional !== true) throw new MissingReference(message)
}

function entries(data: Record<string, string> | undefined, encoding: 'utf8' | 'base64'): [string, Buffer][] {
  return Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)])
}

function lines(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
}

/** A loopback address of its own for each pod: every address of 127.0.0.0/8 works without set-up. */
export function addressFor(uid: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(uid).digest()
  return `127.${(a % 253) + 1}.${b}.${(c % 253) + 1}`
}
