// `make demo-cluster`: from nothing to a real node with the chart installed and a month of flights loaded, by a Job for each step and
// by warm workers over the chart's NATS server, with the time of each stage.
// Runs in the enclave; what had to be built first has been told before. Everything is gone when it ends.
import { RealNode } from './bed/real-node.ts'
import { Etl, type Told } from './support/etl.ts'
import { NATS_VALUES, releaseOn } from './support/product.ts'

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
await stage('helm install loom-operator charts/loom-operator --set nats.enabled=true', () =>
  release.install(NATS_VALUES),
)
await stage('helm test loom-operator', () => release.test())
etl.watch()
await stage('kubectl apply -k examples/flights', () => etl.kubectl('apply', '-k', 'examples/flights'))
const byJobs = await stage('The run ends, a Job for each step', () => etl.ends('flights-2013-01'))
await stage('A pool of two warm workers for the same storage', () => warmPool())
const byPool = await stage('The same run again, over NATS to the pool', () => again())
etl.stop()
process.stdout.write(`\n$ kubectl get etlruns\n${await etl.kubectl('get', 'etlruns')}\n`)
const ended = [byJobs, byPool].map(({ status: { phase } }) => phase)
process.stdout.write(`The runs are ${ended.join(' and ')}, ${seconds(began)} after the first process started.\n`)
process.exitCode = ended.every((phase) => phase === 'Succeeded') ? 0 : 1

async function warmPool(): Promise<void> {
  const credentials = { nats: { credentialsRef: { name: 'loom-workers' } } }
  await etl.kubectl('patch', 'etlstorage/default', '--type=merge', '--patch', JSON.stringify({ spec: credentials }))
  const spec = { storageRef: { name: 'default' }, replicas: { min: 2, max: 2 } }
  await etl.apply({ kind: 'ETLWorkerPool', metadata: { name: 'warm' }, spec })
  await etl.poolIs('warm', 'is ready', ({ reason, ready }) => reason === 'Ready' && ready === '2/2')
}

async function again(): Promise<Told> {
  const [name, dispatch] = ['flights-2013-01-warm', { mode: 'nats', pool: 'warm' }]
  const spec = { pipelineRef: { name: 'flights' }, params: { period: '2013-01' }, dispatch }
  await etl.apply({ kind: 'ETLRun', metadata: { name }, spec })
  return await etl.ends(name)
}
