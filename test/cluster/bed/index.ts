// The test bed: a real control plane, and nodes that run pods as processes.

export { Api, ApiError, type Kube, type ObjectMeta } from './api.ts'
export type { AuditEntry } from './audit-log.ts'
export { type BrokerOptions, type BrokerProcess, type BrokerUser, startBroker } from './broker.ts'
export { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
export type { User, UserSpec } from './credentials.ts'
export { Link } from './link.ts'
export type { Image, Images } from './node/images.ts'
export type { Pod, PodStatus } from './node/pod.ts'
export { type PodName, type ProcessNode, type ProcessNodeOptions, startProcessNode } from './node/process-node.ts'
export { until } from './wait.ts'
