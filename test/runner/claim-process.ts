// A process of its own that claims a run id, tells how it went, and holds it until it is killed or its input ends.
import { writeSync } from 'node:fs'
import { asFault } from '../../src/base/index.ts'
import { claimRun } from '../../src/runner/index.ts'

const [tempRoot = '', runId = ''] = process.argv.slice(2)
try {
  const release = await claimRun({ tempRoot, runId, planHash: 'sha256:a', now: Date.now() })
  writeSync(1, 'held\n')
  for await (const _ of process.stdin);
  await release()
} catch (thrown) {
  writeSync(1, `${asFault(thrown).code}\n`)
}
