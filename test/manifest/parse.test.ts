import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  API_VERSION,
  MANIFEST_PROBLEM_CODES,
  parseDocuments,
  parseFiles,
  parseValue,
} from '../../src/manifest/index.ts'
import { pipelineWith, problemsOf, shown, shownProblemsOf } from './documents.ts'

const RUN = `apiVersion: ${API_VERSION}\nkind: ETLRun\nmetadata: {name: r}\nspec: {pipelineRef: {name: p}}`
const STORAGE = `apiVersion: ${API_VERSION}\nkind: ETLStorage\nmetadata: {name: default}\nspec: {}`

describe('parsing manifests', () => {
  it('gives every document of a file, typed by its kind', () => {
    const { documents, problems } = parseDocuments([pipelineWith('name: s'), RUN, STORAGE].join('\n---\n'), 'in.yaml')
    assert.deepEqual(problems, [])
    assert.deepEqual(
      documents.map(({ kind, name }) => [kind, name]),
      [
        ['ETLPipeline', 'p'],
        ['ETLRun', 'r'],
        ['ETLStorage', 'default'],
      ],
    )
    const [pipeline] = documents
    assert.ok(pipeline?.kind === 'ETLPipeline')
    assert.equal(pipeline.value.spec.processes.length, 1)
  })

  it('takes documents without a word in them as nothing', () => {
    const { documents, problems } = parseDocuments(`---\n# nothing\n---\n${RUN}\n---\n---\n`, 'in.yaml')
    assert.deepEqual(problems, [])
    assert.equal(documents.length, 1)
  })

  it('says that a file is empty', () => {
    for (const text of ['', '\n\n', '# only a comment\n', '---\n---\n', '\uFEFF'])
      assert.deepEqual(shownProblemsOf(text), ['1:1 EmptyFile'], JSON.stringify(text))
  })

  it('reads JSON, also when it is indented with tabs', () => {
    const value = {
      apiVersion: API_VERSION,
      kind: 'ETLRun',
      metadata: { name: 'r' },
      spec: { pipelineRef: { name: 'p' } },
    }
    for (const indent of [0, 2, '\t']) {
      const { documents, problems } = parseDocuments(JSON.stringify(value, null, indent), 'in.json')
      assert.deepEqual(problems, [])
      assert.deepEqual(documents[0]?.value, value)
    }
  })

  it('finds every problem of a file at once, in the order of the text', () => {
    const text = [
      pipelineWith(
        [
          'name: Bad Name',
          'sqll: SELECT 1',
          'sql: SELECT 1',
          'code: {inline: x}',
          'sources:',
          '  a: {table: {ref: raw.x}, file: {path: f, format: cvs}}',
          '  b-c: {}',
          'target: {table: {ref: raw.y, append: {}, upsert: {}, schema: evolv, failOnEmpty: 1}}',
          'timeout: soon',
        ].join('\n'),
      ),
      'kind: ETLRun',
      'a: [',
    ].join('\n---\n')
    assert.deepEqual(
      shownProblemsOf(text),
      [
        '8:11 MoreThanOne spec.processes[0].steps[0]',
        '8:17 InvalidValue spec.processes[0].steps[0].name',
        '9:11 UnknownField spec.processes[0].steps[0].sqll',
        '13:13 NotExactlyOne spec.processes[0].steps[0].sources.a',
        '13:62 InvalidValue spec.processes[0].steps[0].sources.a.file.format',
        '14:13 InvalidValue spec.processes[0].steps[0].sources.b-c',
        '14:13 NotExactlyOne spec.processes[0].steps[0].sources.b-c',
        '15:20 MoreThanOne spec.processes[0].steps[0].target.table',
        '15:72 InvalidValue spec.processes[0].steps[0].target.table.schema',
        '15:92 WrongType spec.processes[0].steps[0].target.table.failOnEmpty',
        '16:20 InvalidValue spec.processes[0].steps[0].timeout',
        '18:1 MissingField apiVersion',
        '20:5 YamlSyntax',
      ].sort(byPlace),
    )
  })

  const one: [why: string, step: string, problem: string, there: string, words: RegExp][] = [
    [
      'a misspelt field',
      'name: s\nsorces: {}',
      'UnknownField spec.processes[0].steps[0].sorces',
      'sorces: {}',
      /has no field "sorces".*did you mean "sources"\?/,
    ],
    [
      'a field of nowhere',
      'name: s\nqwertz: 1',
      'UnknownField spec.processes[0].steps[0].qwertz',
      'qwertz: 1',
      /remove it; lawful here: name, description, sources/,
    ],
    [
      'a missing name',
      'sql: SELECT 1',
      'MissingField spec.processes[0].steps[0].name',
      'sql: SELECT 1',
      /add name: name of the step/,
    ],
    [
      'a list for a text',
      'name: s\nsql: [SELECT 1]',
      'WrongType spec.processes[0].steps[0].sql',
      'sql: [',
      /"sql" must be a text, not a list/,
    ],
    [
      'a number for a text',
      'name: s\ndescription: 5',
      'WrongType spec.processes[0].steps[0].description',
      '5',
      /must be a text, not the number 5; quote it: "5"/,
    ],
    [
      'nothing for a mapping',
      'name: s\nsources:',
      'WrongType spec.processes[0].steps[0].sources',
      'sources:',
      /must be a mapping, not nothing; give a value, or remove the field/,
    ],
    [
      'a text for a list',
      'name: s\ntarget: {table: {ref: a.b, upsert: {keys: id}}}',
      'WrongType spec.processes[0].steps[0].target.table.upsert.keys',
      'id}',
      /must be a list.*write a list: \["id"\]/,
    ],
    [
      'a fraction for an integer',
      'name: s\nsources: {a: {table: {ref: a.b, version: 1.5}}}',
      'WrongType spec.processes[0].steps[0].sources.a.table.version',
      '1.5',
      /an integer, not the number 1.5/,
    ],
    [
      'too small a number',
      'name: s\nsources: {a: {table: {ref: a.b, version: -1}}}',
      'InvalidValue spec.processes[0].steps[0].sources.a.table.version',
      '-1',
      /is less than 0; use 0 or more/,
    ],
    [
      'an empty list',
      'name: s\nsources: {a: {table: {ref: a.b, columns: []}}}',
      'InvalidValue spec.processes[0].steps[0].sources.a.table.columns',
      'columns: []',
      /"columns" is empty; give at least one item/,
    ],
    ['an empty text', 'name: s\nsql: ""', 'InvalidValue spec.processes[0].steps[0].sql', '""', /"sql" is empty/],
    [
      'an unlawful text',
      'name: s\ntimeout: 1 day',
      'InvalidValue spec.processes[0].steps[0].timeout',
      '1 day',
      /"1 day" is not lawful for "timeout"; use a duration like 90s/,
    ],
    [
      'a value that is none of the lawful ones',
      'name: s\ntarget: {temp: {name: t, scope: ran}}',
      'InvalidValue spec.processes[0].steps[0].target.temp.scope',
      'ran}',
      /did you mean "run"\? Use one of run, correlation/,
    ],
    [
      'a mapping where a text or a list may be',
      'name: s\nsources: {a: {table: {ref: a.b, where: {a: 1}}}}',
      'WrongType spec.processes[0].steps[0].sources.a.table.where',
      'where: {',
      /must be a text or a list, not a mapping/,
    ],
    [
      'an item of a list',
      'name: s\nsources: {a: {table: {ref: a.b, where: [x, 1]}}}',
      'WrongType spec.processes[0].steps[0].sources.a.table.where[1]',
      '1]',
      /item 1 of "where" must be a text/,
    ],
    [
      'no kind of source',
      'name: s\nsources: {a: {}}',
      'NotExactlyOne spec.processes[0].steps[0].sources.a',
      'a: {}',
      /none is there, of table, file, temp, rows; give exactly one of table, file, temp, rows/,
    ],
    [
      'two kinds of target',
      'name: s\ntarget: {temp: {name: t}, table: {ref: a.b}}',
      'NotExactlyOne spec.processes[0].steps[0].target',
      'target: {',
      /table and temp are there/,
    ],
    [
      'a step in a group',
      'parallel: [{name: s, sqll: x}]',
      'UnknownField spec.processes[0].steps[0].parallel[0].sqll',
      'sqll: x',
      /did you mean "sql"\?/,
    ],
    [
      'a step that is a group too',
      'name: s\nparallel: [{name: t}]',
      'NotExactlyOne spec.processes[0].steps[0].name',
      'name: s',
      /name beside parallel; give a step or a group/,
    ],
    [
      'a group with a field of nowhere',
      'parallel: [{name: s}]\nmax: 3',
      'UnknownField spec.processes[0].steps[0].max',
      'max: 3',
      /lawful here: parallel/,
    ],
    [
      'an empty group',
      'parallel: []',
      'InvalidValue spec.processes[0].steps[0].parallel',
      'parallel: []',
      /"parallel" is empty/,
    ],
    [
      'a number for a step',
      '5',
      'WrongType spec.processes[0].steps[0]',
      '5',
      /item 0 of "steps" must be a mapping, not the number 5/,
    ],
    [
      'a doubled key',
      'name: s\nname: t',
      'DuplicateKey spec.processes[0].steps[0].name',
      'name: t',
      /"name" occurs twice/,
    ],
    [
      'a number that is none',
      'name: s\nsources: {a: {rows: {values: [{x: .nan}]}}}',
      'InvalidValue spec.processes[0].steps[0].sources.a.rows.values[0].x',
      '.nan',
      /\.nan is not a finite number/,
    ],
    [
      'a name that would reach into objects',
      'name: s\nsources: {__proto__: {table: {ref: a.b}}}',
      'InvalidValue spec.processes[0].steps[0].sources.__proto__',
      '__proto__:',
      /"__proto__" cannot be a name/,
    ],
    [
      'a key that is a list',
      'name: s\nsources: {[a]: 1}',
      'YamlSyntax spec.processes[0].steps[0].sources',
      'sources: {',
      /a key is a list or a mapping/,
    ],
    [
      'an alias of nothing',
      'name: s\nsql: *none',
      'YamlSyntax spec.processes[0].steps[0].sql',
      '*none',
      /the alias stands for no anchor/,
    ],
    [
      'an alias inside of itself',
      'name: s\nsources: &x {a: *x}',
      'YamlSyntax spec.processes[0].steps[0].sources.a',
      '*x',
      /lies inside of what it stands for/,
    ],
    ['a tag', 'name: s\nsql: !bash ls', 'YamlSyntax', '!bash', /unresolved tag/],
  ]
  for (const [why, step, problem, there, words] of one)
    it(`names the place and the way out for ${why}`, () => {
      const text = pipelineWith(step)
      const [first] = problemsOf(text)
      assert.ok(first)
      assert.equal(`${first.code} ${first.path}`.trimEnd(), problem)
      assert.equal(textAt(text, first).slice(0, there.length), there)
      assert.match(`${first.message}; ${first.hint}`, words)
      assert.equal(first.file, 'in.yaml')
    })

  it('speaks of a param in its own words', () => {
    const params = (spec: string) => pipelineWith('name: s').replace('spec:', `spec:\n  params: ${spec}`)
    assert.deepEqual(shownProblemsOf(params('{a: {type: string, items: string}}')), [
      '5:30 FieldNotAllowed spec.params.a.items',
    ])
    assert.deepEqual(shownProblemsOf(params('{a: {}}')), ['5:12 MissingField spec.params.a.type'])
    assert.deepEqual(shownProblemsOf(params('{a: {type: list, items: string, default: [1, x, null, true]}}')), [])
    assert.deepEqual(shownProblemsOf(params('{a: {type: list, default: [{}]}}')), [
      '5:38 WrongType spec.params.a.default[0]',
    ])
  })

  it('knows the kinds and versions that it reads', () => {
    assert.match(
      messages(`apiVersion: ${API_VERSION}\nkind: ETLPipelin`),
      /kind "ETLPipelin" is unknown; did you mean "ETLPipeline"\?/,
    )
    assert.match(
      messages('apiVersion: v1\nkind: ConfigMap'),
      /apiVersion "v1" is unknown; write apiVersion: loom\.etl\/v1alpha1/,
    )
    assert.match(
      messages('apiVersion: v1\nkind: ConfigMap'),
      /kind "ConfigMap" is unknown; use one of ETLPipeline, ETLRun, ETLStorage/,
    )
    assert.deepEqual(shownProblemsOf('- a'), ['1:1 WrongType'])
    assert.deepEqual(shownProblemsOf('just words'), ['1:1 WrongType'])
    assert.deepEqual(shownProblemsOf(`apiVersion: ${API_VERSION}\nkind: constructor`), ['2:7 UnknownKind kind'])
  })

  it('wants a name or a prefix for one', () => {
    assert.deepEqual(shownProblemsOf(RUN.replace('name: r', 'labels: {a: b}')), ['3:1 MissingField metadata'])
    const { documents } = parseDocuments(RUN.replace('name: r', 'generateName: r-'), 'in.yaml')
    assert.equal(documents[0]?.name, 'r-')
  })

  it('lets the metadata and status that a server adds pass', () => {
    const text = `${RUN.replace('name: r', 'name: r, uid: x, managedFields: [{a: 1}]')}\nstatus: {phase: Running}`
    assert.deepEqual(shownProblemsOf(text), [])
  })

  it('leaves out a broken document, not its neighbours', () => {
    const { documents, problems } = parseDocuments(['a: [', RUN, 'kind: [}', STORAGE].join('\n---\n'), 'in.yaml')
    assert.deepEqual(
      documents.map(({ kind }) => kind),
      ['ETLRun', 'ETLStorage'],
    )
    assert.deepEqual(new Set(problems.map(({ code }) => code)), new Set(['YamlSyntax']))
  })

  it('refuses two objects of one kind and name, over all files', () => {
    const { problems } = parseFiles([
      { name: 'a.yaml', text: RUN },
      { name: 'b.yaml', text: `${STORAGE}\n---\n${RUN}` },
      { name: 'c.yaml', text: RUN.replace('name: r', 'name: r, namespace: other') },
    ])
    assert.deepEqual(
      problems.map(({ file, message }) => `${file}: ${message}`),
      ['b.yaml: ETLRun "r" is there already, at a.yaml:3'],
    )
    assert.deepEqual(shown(problems), ['8:18 DuplicateObject metadata.name'])
  })

  it('says where the members of an alias or merge stand', () => {
    const text = pipelineWith('name: s\nsources:\n  a: &a {table: {ref: a.b}}\n  b: *a\n  c: {<<: *a, tabel: {}}')
    assert.deepEqual(shownProblemsOf(text), ['12:25 UnknownField spec.processes[0].steps[0].sources.c.tabel'])
    const { documents } = parseDocuments(text.replace(', tabel: {}', ''), 'in.yaml')
    assert.ok(documents[0]?.kind === 'ETLPipeline')
    const step = Object(documents[0].value.spec.processes[0])['steps'][0]
    assert.deepEqual(step.sources, {
      a: { table: { ref: 'a.b' } },
      b: { table: { ref: 'a.b' } },
      c: { table: { ref: 'a.b' } },
    })
  })

  it('lets own members win over merged ones, and the first merged over later ones', () => {
    const values = '[&x {a: 1, b: 1}, &y {b: 2, c: 2}, {<<: [*x, *y], a: 3}]'
    const { documents } = parseDocuments(pipelineWith(`name: s\nsources: {r: {rows: {values: ${values}}}}`), 'in.yaml')
    const step = Object(documents[0]?.value)['spec'].processes[0].steps[0]
    assert.deepEqual(step.sources.r.rows.values[2], { a: 3, b: 1, c: 2 })
  })

  it('is not blown up by aliases of aliases or by deep nesting', () => {
    const bomb = [
      'a: &a0 [x]',
      ...Array.from({ length: 30 }, (_, i) => `b${i}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`),
    ].join('\n')
    assert.ok(
      problemsOf(bomb).some(({ code, message }) => code === 'YamlSyntax' && /more than 1000000 values/.test(message)),
    )
    const deep = '['.repeat(50_000)
    assert.ok(problemsOf(deep).every(({ code }) => code === 'YamlSyntax'))
    assert.ok(problemsOf(deep).length > 0)
  })

  it('keeps all digits of large integers, as text, with a warning', () => {
    const text = RUN.replace('}}', '}, params: {big: 9007199254740993, neg: -9007199254740993, ok: 9007199254740991}}')
    const { documents, problems } = parseDocuments(text, 'in.yaml')
    assert.deepEqual(Object(documents[0]?.value)['spec'].params, {
      big: '9007199254740993',
      neg: '-9007199254740993',
      ok: 9007199254740991,
    })
    assert.deepEqual(
      problems.map(({ code, severity, path }) => [code, severity, path]),
      [
        ['BigInteger', 'warning', 'spec.params.big'],
        ['BigInteger', 'warning', 'spec.params.neg'],
      ],
    )
  })

  it('takes unquoted dates as the texts that they are', () => {
    const { documents, problems } = parseDocuments(
      RUN.replace('}}', '}, params: {d: 2013-01-01, t: 2013-01-01T05:00:00Z}}'),
      'in.yaml',
    )
    assert.deepEqual(problems, [])
    assert.deepEqual(Object(documents[0]?.value)['spec'].params, { d: '2013-01-01', t: '2013-01-01T05:00:00Z' })
  })

  const ambiguous = [
    'NO',
    'on',
    'yes',
    'Off',
    'y',
    'N',
    '1:30',
    '190:20:30',
    '1:30.5',
    '0777',
    '0o17',
    '0b101',
    '1_000',
    '0x_F',
    '1_0.5',
  ]
  for (const text of ambiguous)
    it(`warns that kubectl reads ${text} without quotes otherwise`, () => {
      const found = problemsOf(RUN.replace('}}', `}, params: {a: ${text}}}`))
      assert.deepEqual(
        found.map(({ code, severity, path }) => [code, severity, path]),
        [['AmbiguousYaml', 'warning', 'spec.params.a']],
      )
      assert.match(found[0]?.hint ?? '', new RegExp(`quote it: "${text}"`))
      assert.deepEqual(problemsOf(RUN.replace('}}', `}, params: {a: "${text}"}}`)), [])
    })

  it('does not warn where both YAMLs agree', () => {
    for (const text of [
      'true',
      'null',
      '1',
      '-1.5',
      '1e3',
      '0x1F',
      '0',
      'NOT',
      'yess',
      '12:75x',
      'a_b',
      '2013-01-01',
      '~',
      '10.0.0.1',
    ])
      assert.deepEqual(problemsOf(RUN.replace('}}', `}, params: {a: ${text}}}`)), [], text)
  })

  it('warns of such keys too, and keeps their text', () => {
    const text = pipelineWith('name: s\nsources: {y: {table: {ref: a.b}}}')
    const { documents, problems } = parseDocuments(text, 'in.yaml')
    assert.deepEqual(shown(problems), ['9:21 AmbiguousYaml spec.processes[0].steps[0].sources.y'])
    assert.deepEqual(Object.keys(Object(documents[0]?.value)['spec'].processes[0].steps[0].sources), ['y'])
  })

  it('finds the same places whatever the line ends and the byte order mark', () => {
    const text = pipelineWith('name: s\nsqll: x\ntimeout: soon')
    const plain = shownProblemsOf(text)
    assert.equal(plain.length, 2)
    assert.deepEqual(shownProblemsOf(text.replaceAll('\n', '\r\n')), plain)
    assert.deepEqual(shownProblemsOf(`\uFEFF${text}`), plain)
  })

  it('checks values that a program made in the same words', () => {
    const value = { apiVersion: API_VERSION, kind: 'ETLRun', metadata: { name: 'r' }, spec: { pipelineReff: {} } }
    assert.deepEqual(shown(parseValue(value, 'run.ts').problems), [
      '1:1 UnknownField spec.pipelineReff',
      '1:1 NotExactlyOne spec',
    ])
    const good = parseValue({ ...value, spec: { pipelineRef: { name: 'p' } } }, 'run.ts')
    assert.equal(good.documents[0]?.name, 'r')
    assert.deepEqual(good.documents[0]?.locate('spec'), { file: 'run.ts', line: 1, column: 1 })
  })

  it('gives only codes that its table explains', () => {
    const texts = ['', 'a: [', pipelineWith('name: 5\nx: NO\ntarget: {}'), `${RUN}\n---\n${RUN}`, 'kind: x', '{}']
    for (const { code } of texts.flatMap(problemsOf)) assert.ok(code in MANIFEST_PROBLEM_CODES, code)
  })
})

const textAt = (text: string, { line, column }: { line: number; column: number }): string =>
  (text.split('\n')[line - 1] ?? '').slice(column - 1)

const messages = (text: string): string =>
  problemsOf(text)
    .map(({ message, hint }) => `${message}; ${hint}`)
    .join('\n')

function byPlace(a: string, b: string): number {
  const [[lineA = 0, columnA = 0], [lineB = 0, columnB = 0]] = [a, b].map((text) =>
    (text.split(' ')[0] ?? '').split(':').map(Number),
  ) as [number[], number[]]
  return lineA - lineB || columnA - columnB
}
