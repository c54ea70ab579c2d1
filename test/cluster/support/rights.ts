// A user of the control plane that may do what the operator needs, and nothing else.
import { LEASE_RULES, OPERATOR_RULES, OWNER_RULES } from '../../../src/operator/index.ts'
import type { Api } from '../bed/index.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'

/** Name it in the control plane's `users`. */
export const OPERATOR_USER = 'operator'

export async function grantOperatorRights(api: Api): Promise<void> {
  const name = OPERATOR_USER
  const rules = [...OPERATOR_RULES, ...LEASE_RULES, ...OWNER_RULES]
  await api.create(`${RBAC}/clusterroles`, { metadata: { name }, rules })
  await api.create(`${RBAC}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
  })
}
