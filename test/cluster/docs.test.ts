// What docs/ say for clusters: the commands that are marked so are run with kubectl, page by page, on a real API server with an
// operator, in a working copy of the project; the files that they name are those that the pages show.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Checkout } from '../docs/checkout.ts'
import { type Block, blocksOf, commandsOf, isCommands, PAGES, printsLike } from '../docs/pages.ts'
import { kubectlIsThere } from './bed/shapes.ts'
import { Cluster } from './support/cluster.ts'

/** The first run makes what the others look at. */
const FIRST = 'docs/first-run.md'

let cluster: Cluster
let folder: Checkout

before(async () => {
  cluster = await Cluster.start()
  folder = new Checkout()
  await cluster.plane.api.create('/api/v1/persistentvolumes', {
    metadata: { name: 'lake' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: cluster.lake } },
  })
  cluster.startOperator()
})

after(async () => {
  folder?.[Symbol.dispose]()
  await cluster?.[Symbol.asyncDispose]()
})

const isOurs = ({ mark }: Block): boolean => mark.kind === 'run' && mark.where === 'cluster'

for (const page of [FIRST, ...PAGES.filter((name) => name !== FIRST)]) {
  const blocks = blocksOf(page)
  if (!blocks.some(isOurs)) continue
  describe(page, { skip: kubectlIsThere() ? false : 'there is no kubectl here' }, () => {
    for (const block of blocks) {
      const { mark, text } = block
      if (mark.kind === 'file') it(`has the file ${mark.name}`, () => folder.write(mark.name, text))
      else if (isOurs(block) && isCommands(block))
        for (const command of commandsOf(block))
          it(`${block.line}: ${command.text}`, async () => {
            const { status, stdout, stderr } = await folder.run(command.text, { KUBECONFIG: cluster.plane.kubeconfig })
            assert.equal(status, 0, `${stdout}\n${stderr}`)
            const unsaid = printsLike(`${stdout}\n${stderr}`, command.prints ?? [])
            assert.equal(unsaid, undefined, `it does not print "${unsaid}", but:\n${stdout}\n${stderr}`)
          })
    }
  })
}
