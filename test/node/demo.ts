// `make demo-cluster`: from nothing to a real node with the chart installed and a month of flights loaded, with the time of each stage.
// Runs in the enclave; what had to be built first has been told before. Everything is gone when it ends.
import { RealNode } from './bed/real-node.ts'
import { Etl } from './support/etl.ts'
import { releaseOn } from './support/product.ts'

const began = Date.now()
const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`

async function stage<T>(what: string, act: () => Promise<T>): Promise<T> {
  const since = Date.now()
  const result = await act()
  process.stdout.write(`${what.padEnd(70, ' .')} ${seconds(since).padStart(8)}\n`)
  return result
}

await using node = await stage('Control plane, containerd, kubelet and kube-proxy, images loaded', RealNode.start)
const etl = await stage('A namespace for runs, and a volume', () => Etl.make(node))
const release = await releaseOn(node)
await stage('helm install loom-operator charts/loom-operator', () => release.install())
await stage('helm test loom-operator', () => release.test())
etl.watch()
await stage('kubectl apply -k examples/flights', () => etl.kubectl('apply', '-k', 'examples/flights'))
const { status } = await stage('The run ends', () => etl.ends('flights-2013-01'))
etl.stop()
process.stdout.write(`\n$ kubectl get etlruns\n${await etl.kubectl('get', 'etlruns')}\n`)
process.stdout.write(`The run is ${status.phase}, ${seconds(began)} after the first process started.\n`)
process.exitCode = status.phase === 'Succeeded' ? 0 : 1
