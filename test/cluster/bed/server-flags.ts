// The flags of the four servers. Everything listens on loopback and keeps its state in the bed's folder.

import type { ControlPlaneOptions } from './control-plane.ts'

export interface Layout {
  readonly folder: string
  readonly etcdPort: number
  readonly peerPort: number
  readonly apiPort: number
}

/** Where everything listens that is not told otherwise. */
export const LOOPBACK = '127.0.0.1'

/** KCM's own name and token give it a kubeconfig; the audit log tells its writes from the operator's by that name. */
export const CONTROLLERS_USER = 'system:kube-controller-manager'
export const SCHEDULER_USER = 'system:kube-scheduler'
export const ADMIN_USER = 'admin'
export const NODES_USER = 'system:node:process-nodes'

/** Without fsync: the state need not survive the machine. */
export function etcdFlags({ folder, etcdPort, peerPort }: Layout): string[] {
  const client = `http://127.0.0.1:${etcdPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  return [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]
}

export function apiServerFlags(layout: Layout, options: ControlPlaneOptions): string[] {
  const { folder, etcdPort, apiPort } = layout
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--bind-address=${options.address ?? LOOPBACK}`,
    `--advertise-address=${options.address ?? LOOPBACK}`,
    // An endpoint on loopback leads pods nowhere; a real node has a name that nobody can look up.
    ...(options.address === undefined
      ? ['--endpoint-reconciler-type=none']
      : ['--kubelet-preferred-address-types=InternalIP']),
    `--secure-port=${apiPort}`,
    `--cert-dir=${folder}/certs`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${folder}/service-accounts.key`,
    `--service-account-signing-key-file=${folder}/service-accounts.key`,
    `--token-auth-file=${folder}/tokens.csv`,
    '--authorization-mode=RBAC',
    // No NodeRestriction: a process node's user is an admin with a node's name.
    '--allow-privileged=true',
    `--audit-policy-file=${folder}/audit-policy.json`,
    `--audit-log-path=${folder}/audit.log`,
    ...evictionFlags(options),
    ...(options.apiServerFlags ?? []),
  ]
}

/** How soon a pod is evicted from a node that is gone; Kubernetes gives it five minutes. */
function evictionFlags({ evictAfterSeconds }: ControlPlaneOptions): string[] {
  if (evictAfterSeconds === undefined) return []
  return [
    `--default-not-ready-toleration-seconds=${evictAfterSeconds}`,
    `--default-unreachable-toleration-seconds=${evictAfterSeconds}`,
  ]
}

export function nodeGraceSeconds(options: ControlPlaneOptions): number {
  return options.nodeGraceSeconds ?? 40
}

export function controllerFlags({ folder }: Layout, options: ControlPlaneOptions): string[] {
  return [
    `--kubeconfig=${folder}/${CONTROLLERS_USER.replaceAll(':', '-')}.kubeconfig`,
    '--leader-elect=false',
    '--secure-port=0',
    `--service-account-private-key-file=${folder}/service-accounts.key`,
    `--root-ca-file=${folder}/certs/apiserver.crt`,
    // The default limits (20 requests a second, 5 jobs at a time) would be what every bench measures.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--concurrent-job-syncs=50',
    `--node-monitor-grace-period=${nodeGraceSeconds(options)}s`,
    '--node-monitor-period=1s',
    // One node in ten seconds, else.
    '--node-eviction-rate=10',
    ...(options.controllerFlags ?? []),
  ]
}

export function schedulerFlags({ folder }: Layout): string[] {
  return [
    `--kubeconfig=${folder}/${SCHEDULER_USER.replaceAll(':', '-')}.kubeconfig`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ]
}

/** One line per finished request: who, which verb, which object, which answer. Watches are written when they begin. */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
}
