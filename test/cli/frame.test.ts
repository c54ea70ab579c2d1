import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readArguments } from '../../src/cli/arguments.ts'
import { COMMANDS, GLOBAL_OPTIONS } from '../../src/cli/commands.ts'
import { folder, loom, MAIN, ROOT, shell } from './loom.ts'

/** The words of an example, as a shell would give them; what surrounds the call is left away. */
function wordsOf(example: string): string[] {
  const call = /loom [^|>)]*/.exec(example)?.[0] ?? ''
  return [...call.trim().matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1)
}

test('without a command loom shows all of them and succeeds', async (t) => {
  const { code, stdout, stderr } = await loom([], { cwd: await folder(t) })
  assert.equal(code, 0)
  assert.equal(stderr, '')
  for (const { name } of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
})

test('every command has help with an example that names it, and all examples can be read', async () => {
  const { helpOf } = await import('../../src/cli/help.ts')
  for (const command of COMMANDS) {
    assert.ok(command.examples.length > 0, `${command.name} has no example`)
    for (const example of command.examples) {
      assert.ok(helpOf(command).includes(example))
      const [name, ...words] = wordsOf(example)
      assert.equal(name, command.name)
      if (['operator', 'worker'].includes(command.name)) continue // their options are tried below
      readArguments(command.name, [...command.options, ...GLOBAL_OPTIONS], words)
    }
  }
})

test('--help wins over everything else, and shows options that stand elsewhere', async (t) => {
  const cwd = await folder(t)
  const operator = await loom(['operator', '--namespace', 'etl', '--port', '8080', '--help'], { cwd })
  assert.equal(operator.code, 0)
  assert.match(operator.stdout, /--kubeconfig <file> .*KUBECONFIG/)
  const again = await loom(['help', 'operator'], { cwd })
  assert.equal(again.stdout, operator.stdout)
  const worker = await loom(['worker', '--nats', 'nats://h', '--pool', 'warm', '--help'], { cwd })
  assert.equal(worker.code, 0)
  assert.match(worker.stdout, /--pool <name> .*LOOM_POOL/)
  const words = await loom(['help', 'version'], { cwd })
  assert.deepEqual([words.code, words.stderr], [0, ''])
  assert.match(words.stdout, /^usage: loom <command>/m)
})

test('Ctrl-C while standard input is awaited ends with 130, without a word', { timeout: 60_000 }, async (t) => {
  const cwd = await folder(t, { 'first.ts': "process.stderr.write('ready')\nexport default []\n" })
  const child = spawn(process.execPath, [MAIN, 'run', '-f', 'first.ts', '-f', '-'], { cwd })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said === 'ready') child.kill('SIGINT')
  })
  // its standard input stays open
  assert.deepEqual(await once(child, 'close'), [130, null])
  assert.equal(said, 'ready')
})

test('a wrong word is named with what was meant, on one line, with exit code 2 and an empty standard output', async (t) => {
  const cwd = await folder(t)
  const cases: [string[], RegExp][] = [
    [['chekc'], /^cannot run command "chekc": .*did you mean "check"\?/],
    [['run', '--paralel', '2'], /^cannot use option "--paralel": .*did you mean "--parallel"\?/],
    [['run', '--parallel'], /^cannot use --parallel: its value is missing/],
    [['run', '--file', '--dry-run'], /^cannot use --file: its value is missing/],
    [['run', '--dry-run=yes'], /^cannot use "--dry-run=yes": --dry-run takes no value/],
    [['run', '-f', 'x.yaml', '--parallel', '0'], /^cannot use --parallel "0": it is no whole number of at least 1/],
    [['run', '-f', 'x.yaml', '--output', 'xml'], /^cannot use --output "xml": give one of text, json/],
    [['run', '-f', 'x.yaml', '--param', 'month'], /^cannot use --param "month": it is no NAME=VALUE/],
    [['run'], /^cannot read manifests: no file is given/],
    [['show'], /^cannot go on: a table is missing; for example: loom show /],
    [['worker', '--pool', 'warm'], /^cannot start a worker: --nats is missing; give it, or set LOOM_NATS_URL/],
    [['worker', '--nats', 'h:1', '--pool', 'w'], /^cannot use "h:1" as a URL of NATS: write it like nats:/],
    [['worker', '--nats', 'nats://h', '--pool', 'w', '--nats-credentials', '/no/where'], /there is no "\/no\/where"/],
    [['crds', 'everything'], /^cannot use "everything": loom crds takes options only/],
  ]
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await loom(args, { cwd })
    assert.match(stderr, message)
    assert.deepEqual([code, stdout, stderr.trimEnd().split('\n').length], [2, '', 1], args.join(' '))
  }
})

test('an option keeps the text of its value, whatever it looks like', () => {
  const options = [
    ['--param <p>', ''],
    ['-f, --file <path>', ''],
    ['--dry-run', ''],
  ] as const
  const read = (words: string[]) => readArguments('run', options, words)
  assert.deepEqual(read(['a', '--param', 'n=007', '--param=x=-1', '-f', '-', '-fb.yaml', '--dry-run', '0x10']), {
    args: ['a', '0x10'],
    options: { param: ['n=007', 'x=-1'], file: ['-', 'b.yaml'], dryRun: true },
  })
  assert.deepEqual(read(['--', '--dry-run']), { args: ['--dry-run'], options: {} })
})

test('a Node that is too old is told so in one line', async (t) => {
  const pretend =
    'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})'
  const script = `"${process.execPath}" --import '${pretend}' "${MAIN}" run`
  const { code, stdout, stderr } = await shell(script, { cwd: await folder(t) })
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^cannot run loom on Node 20\.20\.2: it needs Node 22\.18 or newer[^\n]*\n$/)
})

test('whoever has read enough gets no complaint; an output that does not fit is a failure in one line', async (t) => {
  const cwd = await folder(t)
  const script = `loom crds | head -n 1; echo "codes \${PIPESTATUS[*]}"; (ulimit -f 8; loom crds > out; echo "code $?")`
  const { stdout, stderr } = await shell(script, { cwd })
  assert.match(stdout, /^# Generated .*\ncodes 0 0\ncode 1\n$/)
  assert.equal(stderr, 'cannot write the output: EFBIG; send it somewhere else\n')
})

test('the completion scripts are valid, and bash completes commands and options', async (t) => {
  const cwd = await folder(t)
  const script = `
    loom completion bash > bash.sh && bash -n bash.sh && source ./bash.sh
    COMP_WORDS=(loom hi) COMP_CWORD=1; _loom; echo "commands: \${COMPREPLY[*]}"
    COMP_WORDS=(loom run --para) COMP_CWORD=2; _loom; echo "options: \${COMPREPLY[*]}"
    loom completion zsh > loom.zsh; if command -v zsh >/dev/null; then zsh -n loom.zsh; fi
    loom completion fish > loom.fish; if command -v fish >/dev/null; then fish --no-execute loom.fish; fi
    grep -c "complete -c loom" loom.fish >/dev/null && head -n 1 loom.zsh`
  const { code, stdout, stderr } = await shell(script, { cwd })
  assert.equal(stderr, '')
  assert.equal(code, 0)
  assert.match(stdout, /^commands: history$/m)
  assert.match(stdout, /^options: --param --parallel$/m)
  assert.match(stdout, /^#compdef loom$/m)
  const unknown = await loom(['completion', 'tcsh'], { cwd })
  assert.match(unknown.stderr, /^cannot complete for "tcsh": give one of bash, zsh, fish/)
})

test('crds prints what lies in crds/, and writes the same', async (t) => {
  const cwd = await folder(t)
  const names = ['etlpipelines.yaml', 'etlruns.yaml', 'etlstorages.yaml', 'etlworkerpools.yaml']
  const texts = await Promise.all(names.map((name) => readFile(join(ROOT, 'crds', name), 'utf8')))
  const printed = await loom(['crds'], { cwd })
  assert.equal(printed.stdout, texts.join('---\n'))
  const written = await loom(['crds', '--output-dir', 'out'], { cwd })
  assert.equal(written.stdout, names.map((name) => `wrote out/${name}\n`).join(''))
  for (const [i, name] of names.entries()) assert.equal(await readFile(join(cwd, 'out', name), 'utf8'), texts[i])
})

test('the package offers loom by the name of its entry', async () => {
  const { bin } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { bin: { loom: string } }
  assert.equal(bin.loom, 'dist/cli/main.js')
  await access(join(ROOT, bin.loom.replace('dist', 'src').replace('.js', '.ts')))
  assert.match(await readFile(MAIN, 'utf8'), /^#!\/usr\/bin\/env node\n/)
})
