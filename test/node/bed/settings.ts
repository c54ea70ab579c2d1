// The settings of a node's programs. All state lies in the node's folder.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_ADDRESS } from './enclave.ts'
import { PAUSE_IMAGE } from './pause-image.ts'

export const NODE_NAME = 'real'
const POD_NETWORK = '10.244.0.0/24'

export interface Files {
  readonly containerd: string
  readonly socket: string
  readonly kubelet: string
}

export function writeSettings(folder: string, cgroup: string): Files {
  const files = {
    containerd: join(folder, 'containerd.toml'),
    socket: join(folder, 'containerd.sock'),
    kubelet: join(folder, 'kubelet.json'),
  }
  mkdirSync(join(folder, 'cni'))
  writeFileSync(join(folder, 'cni/10-pods.conflist'), JSON.stringify(NETWORK))
  writeFileSync(files.containerd, containerd(folder, files.socket))
  writeFileSync(files.kubelet, JSON.stringify(kubelet(files.socket, cgroup)))
  return files
}

const NETWORK = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'pods0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: POD_NETWORK }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

const containerd = (folder: string, socket: string): string => `
version = 2
root = "${folder}/containerd/root"
state = "${folder}/containerd/state"
[grpc]
address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "${folder}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
# Below the score of its own parent a process may not go here.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${folder}/cni"
`

function kubelet(socket: string, cgroup: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: NODE_ADDRESS,
    containerRuntimeEndpoint: `unix://${socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroup,
    failCgroupV1: false,
    failSwapOn: false,
    // Nobody else is on this network.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    clusterDNS: [NODE_ADDRESS],
    clusterDomain: 'cluster.local',
    registerNode: true,
    nodeStatusUpdateFrequency: '2s',
    nodeStatusReportFrequency: '10s',
    syncFrequency: '5s',
    fileCheckFrequency: '1h',
    // The machine's disk is not the node's to keep clean.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    serializeImagePulls: false,
    shutdownGracePeriod: '0s',
  }
}

export const kubeletFlags = (folder: string, kubeconfig: string, { kubelet: config }: Files): string[] => [
  `--config=${config}`,
  `--kubeconfig=${kubeconfig}`,
  `--root-dir=${folder}/kubelet`,
  `--cert-dir=${folder}/kubelet-certs`,
  `--hostname-override=${NODE_NAME}`,
  `--node-ip=${NODE_ADDRESS}`,
]

export const proxyFlags = (kubeconfig: string): string[] => [
  `--kubeconfig=${kubeconfig}`,
  '--proxy-mode=iptables',
  '--cluster-cidr=10.244.0.0/16',
  `--hostname-override=${NODE_NAME}`,
  // The kernel's own table sizes are not in this namespace.
  '--conntrack-max-per-core=0',
  '--conntrack-tcp-timeout-established=0',
  '--conntrack-tcp-timeout-close-wait=0',
  `--healthz-bind-address=${NODE_ADDRESS}:10256`,
  `--metrics-bind-address=${NODE_ADDRESS}:10249`,
]
