// The restricted profile of Pod Security Standards, as a check of a pod's spec. Fields that ask for something the profile has
// no rule for are let pass, as the API server does.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
import type { V1Container, V1PodSpec } from '@kubernetes/client-node'

const VOLUME_TYPES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]
const SECCOMP = ['RuntimeDefault', 'Localhost']
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
]

/** What the profile forbids, one line each; empty: nothing. */
export function restrictedProblems(spec: V1PodSpec): string[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
  return [...podProblems(spec), ...containers.flatMap((container) => containerProblems(container as V1Container, spec))]
}

function podProblems(spec: V1PodSpec): string[] {
  const { securityContext = {}, volumes = [] } = spec
  const problems = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true).map(String)
  for (const { name, ...source } of volumes)
    for (const type of Object.keys(source)) if (!VOLUME_TYPES.includes(type)) problems.push(`volume ${name}: ${type}`)
  for (const { name } of securityContext.sysctls ?? []) if (!SYSCTLS.includes(name)) problems.push(`sysctl ${name}`)
  if (securityContext.runAsUser === 0) problems.push('pod: runAsUser 0')
  return [...problems, ...optionProblems('pod', securityContext)]
}

type Options = Pick<
  NonNullable<V1PodSpec['securityContext']>,
  'seLinuxOptions' | 'appArmorProfile' | 'windowsOptions' | 'seccompProfile'
>

/** What both pods and containers may ask for. */
function optionProblems(
  where: string,
  { seLinuxOptions = {}, appArmorProfile, windowsOptions, seccompProfile }: Options,
): string[] {
  const problems: string[] = []
  if (!SELINUX_TYPES.includes(seLinuxOptions.type ?? '')) problems.push(`${where}: SELinux type`)
  if (seLinuxOptions.user !== undefined || seLinuxOptions.role !== undefined)
    problems.push(`${where}: SELinux user or role`)
  if (appArmorProfile?.type === 'Unconfined') problems.push(`${where}: AppArmor`)
  if (windowsOptions?.hostProcess === true) problems.push(`${where}: hostProcess`)
  if (seccompProfile !== undefined && !SECCOMP.includes(seccompProfile.type)) problems.push(`${where}: seccomp`)
  return problems
}

function containerProblems(
  { name, securityContext = {}, ports = [] }: V1Container,
  { securityContext: pod = {} }: V1PodSpec,
): string[] {
  const { capabilities = {}, procMount = 'Default' } = securityContext
  const problems = optionProblems(name, securityContext)
  if (securityContext.privileged === true) problems.push(`${name}: privileged`)
  if (securityContext.allowPrivilegeEscalation !== false) problems.push(`${name}: allowPrivilegeEscalation`)
  if ((securityContext.runAsNonRoot ?? pod.runAsNonRoot) !== true) problems.push(`${name}: runAsNonRoot`)
  if (securityContext.runAsUser === 0) problems.push(`${name}: runAsUser 0`)
  if (!SECCOMP.includes((securityContext.seccompProfile ?? pod.seccompProfile)?.type ?? ''))
    problems.push(`${name}: no seccomp profile`)
  if (capabilities.drop?.includes('ALL') !== true) problems.push(`${name}: capabilities are not dropped`)
  if (capabilities.add?.some((added) => added !== 'NET_BIND_SERVICE') === true)
    problems.push(`${name}: capabilities are added`)
  if (procMount !== 'Default') problems.push(`${name}: procMount`)
  if (ports.some(({ hostPort = 0 }) => hostPort !== 0)) problems.push(`${name}: hostPort`)
  return problems
}
