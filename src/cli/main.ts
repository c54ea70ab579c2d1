#!/usr/bin/env node
// The entry: the right Node, then one command, then its exit code.
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `cannot run loom on Node ${process.versions.node}: it needs Node 22.18 or newer; in a clone: npx loom, which takes the pinned one\n`,
  )
  process.exit(2)
}
module.enableCompileCache?.()

const [{ runCli }, { processIo }] = await Promise.all([import('./cli.ts'), import('./terminal.ts')])
const io = processIo()
process.exitCode = await runCli(process.argv.slice(2), io)
// What a command left open (a pool, a timer) must not keep the process; standard output is flushed first.
process.stdout.write('', () => process.exit())
