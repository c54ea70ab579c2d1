// The images that process nodes of the operator's tests know: the built program, and some that go wrong. One that is not named
// here is the bare host without a command.
import type { Images } from '../bed/index.ts'
import { REPOSITORY } from './operator-process.ts'

/** Node and the built program, as the container of a step sees them. */
const NODE = '/app/node_modules/.bin/node'
const ENTRYPOINT = [NODE, '/app/dist/cli/main.js']
const folders = { '/app': REPOSITORY }

/** Images that every node of these clusters knows. */
export const IMAGES: Images = {
  'loom:dev': { entrypoint: ENTRYPOINT, folders },
  /** What docs/ call it. */
  'registry.example.com/etl/loom-operator:0.1.0': { entrypoint: ENTRYPOINT, folders },
  /** Ends at once, with an outcome that is none. */
  'loom:garbled': { entrypoint: ['sh', '-c', 'echo "all is well" >/dev/termination-log; exit 1'] },
  /** Its workers die where the storm wants them to. */
  'loom:mortal': {
    entrypoint: [NODE, '--import', '/app/test/cluster/support/storm/die-in-phase.ts', ...ENTRYPOINT.slice(1)],
    folders,
  },
  /** Its first attempt hangs when it has done its work and told nobody. */
  'loom:mute': {
    entrypoint: [NODE, '--import', '/app/test/cluster/support/hang-before-outcome.ts', ...ENTRYPOINT.slice(1)],
    folders,
  },
}
