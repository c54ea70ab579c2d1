// The rights that the operator needs, and no others: what a chart grants it. A test compares them with what the API server saw
// it ask for.

export interface RbacRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** In every namespace that it watches. */
export const OPERATOR_RULES: readonly RbacRule[] = [
  { apiGroups: ['loom.etl'], resources: ['etlruns'], verbs: ['get', 'list', 'watch', 'patch', 'delete'] },
  { apiGroups: ['loom.etl'], resources: ['etlruns/status', 'etlworkerpools/status'], verbs: ['patch'] },
  { apiGroups: ['loom.etl'], resources: ['etlpipelines', 'etlstorages', 'etlworkerpools'], verbs: ['list', 'watch'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create', 'delete'] },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'create', 'update', 'patch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'patch'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['list', 'create'] },
]

/**
 * Where the admission plugin OwnerReferencesPermissionEnforcement is on (OpenShift), who makes objects whose owner may not go
 * before them needs this too. It is never asked for by itself.
 */
export const OWNER_RULES: readonly RbacRule[] = [
  { apiGroups: ['loom.etl'], resources: ['etlruns/finalizers', 'etlworkerpools/finalizers'], verbs: ['update'] },
]

/** In the namespace of the leader election's lease. */
export const LEASE_RULES: readonly RbacRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
]
