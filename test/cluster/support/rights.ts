// Who the operator is on a control plane: somebody who may do what the operator needs, and nothing else.
import { LEASE_RULES, OPERATOR_RULES, OWNER_RULES, type RbacRule } from '../../../src/operator/index.ts'
import type { Api, ControlPlane, User } from '../bed/index.ts'
import { until } from '../bed/index.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const GROUP = 'rbac.authorization.k8s.io'

/** Name it in the control plane's `users`. */
export const OPERATOR_USER = 'operator'

export async function grantOperatorRights(api: Api): Promise<void> {
  const name = OPERATOR_USER
  await grant(api, RBAC, 'ClusterRole', {
    name,
    rules: [...OPERATOR_RULES, ...LEASE_RULES, ...OWNER_RULES],
    subject: { apiGroup: GROUP, kind: 'User', name },
  })
}

/** A service account as a chart makes it: the lease's rights end at its own namespace. */
export async function operatorAccount(plane: ControlPlane): Promise<User & { namespace: string }> {
  const [namespace, name] = ['loom-system', 'loom-operator']
  const { api } = plane
  await api.create('/api/v1/namespaces', { metadata: { name: namespace } })
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await until('the namespace is ready', async () => await api.find(`${accounts}/default`))
  await api.create(accounts, { metadata: { name } })
  const subject = { kind: 'ServiceAccount', name, namespace }
  await grant(api, RBAC, 'ClusterRole', { name, rules: [...OPERATOR_RULES, ...OWNER_RULES], subject })
  await grant(api, `${RBAC}/namespaces/${namespace}`, 'Role', { name, rules: LEASE_RULES, subject })
  return { ...(await plane.serviceAccount(namespace, name)), namespace }
}

export async function grant(
  api: Api,
  place: string,
  kind: 'ClusterRole' | 'Role',
  { name, rules, subject }: { name: string; rules: readonly RbacRule[]; subject: object },
): Promise<void> {
  const plural = kind.toLowerCase()
  await api.create(`${place}/${plural}s`, { metadata: { name }, rules })
  await api.create(`${place}/${plural}bindings`, {
    metadata: { name },
    roleRef: { apiGroup: GROUP, kind, name },
    subjects: [subject],
  })
}
