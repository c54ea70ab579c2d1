// What can be wrong with a manifest that is well-formed: one code, one line that tells what, and the way out. The codes of
// reading stand in the manifest's own table; docs/reference/problems.md is made from both.

export const COMPILE_PROBLEM_CODES = {
  // Params
  MissingParam: "A param without a default got no value; give it one in the run's params, or by --param.",
  UnknownParam: 'A value is given for a param that the pipeline does not declare; correct its name, or declare it.',
  InvalidParamValue:
    'A value can not be converted to the type of its param; give one that the type has, or one of the enum.',
  InvalidDefault: 'The default of a param is not of its type, or not among its values; correct it, or leave it out.',
  InvalidEnum: 'A value in the enum of a param is not of its type; write every value in the form of the type.',
  UnusedParam: 'A declared param is used nowhere (warning); use it, or remove it.',
  // Names
  DuplicateProcessName: 'Two processes have the same name; rename one.',
  DuplicateStepName: 'Two steps have the same name; rename one: include, events and commits go by it.',
  AmbiguousName: 'A step and a process have the same name, so that include could mean either; rename one.',
  // Placeholders
  InvalidPlaceholder:
    'Something behind $( is not params.NAME, or a placeholder in a value is not the whole value; write $(params.NAME), or $$( for the characters themselves.',
  MisplacedPlaceholder:
    'A placeholder stands inside quotes or right beside other text, where SQL takes no value; write it without quotes and apart, and put texts together with ||.',
  UnknownParamField:
    'A placeholder names a param that the pipeline does not declare; correct the name, or declare the param.',
  UnknownFilter: 'A placeholder has a filter that does not exist; use date, year or year-month.',
  FilterNotAllowed:
    'A filter is used outside of a path, or on a param that is no date or timestamp; leave it out, and use an SQL function in SQL.',
  UnsafePathValue:
    'The value of a param may not become part of a path; give a value without slashes and ..; folders belong into the path itself.',
  // Steps
  MissingTarget: 'A step has no target; add a table, a file or a temp.',
  CopyNeedsOneSource:
    'A step without a body copies its only source, but it has none or several; give it one source, or a body: sql or code.',
  UnusedSource:
    'A source is never mentioned in the SQL of its step (warning); use it, or remove it: it is read for nothing.',
  DuplicateAlias: 'Two sources of a step differ only in upper and lower case; rename one.',
  InvalidTimeout: 'A timeout is nothing, or longer than ten years; give a time like 90s or 2h.',
  MissingCodeModule: "The module of a code step does not exist; give its path relative to the manifest's folder.",
  UnsafeModulePath:
    "The module of a code step lies outside of the folder that modules start from; give a path below the manifest's folder, without ..",
  // Sources and targets
  OptionsFormatMismatch:
    'Options are given for another format than that of the file; remove them, or correct the format.',
  InvalidTimestamp: 'A time-travel timestamp is no instant; write it like 2026-01-31T12:00:00Z.',
  DuplicateColumn: 'A column is listed twice; upper and lower case make no difference.',
  InvalidRowValue: 'A value in rows is none that JSON has; give text, numbers, true, false, null, lists or mappings.',
  InvalidPlace:
    'A path or URI is no place on this machine, or a target is no name of a file; give a path or a file:// URI of this machine, of a target the name of one file.',
  UnknownFileAlias:
    "The alias is not among the storage's files; add it to spec.files of the storage, or correct the alias.",
  // Write modes
  MissingPartitionColumns: 'replacePartitions or replacePartition names no column; name the columns.',
  InvalidPartitionValue: 'A partition value is neither a scalar nor a scalar param; give one value that is not null.',
  UpsertNoKeys: 'An upsert has no keys; name the columns that identify a row.',
  UpsertExcludeIncludeConflict: 'An upsert has both include and exclude; keep one of them.',
  UpsertKeyInExclude: 'A key of an upsert is excluded from updates, which keys are anyway; remove it from exclude.',
  PartitionColumnIsKey:
    'A partition column of an upsert is listed among its keys too; remove it from keys: it is part of the identity anyway.',
  UpsertNothingUpdated:
    'include of an upsert lists only columns that identify a row; list a column that is to be updated, or leave include out.',
  SchemaModeMismatch:
    'The schema mode can not be had together with the write mode, or with dropExtraColumns; use evolve, the mode replace, or schema strict.',
  // Temps
  TempNotProduced:
    'A temp is read that no earlier step writes; write it in an earlier step; steps of one group do not see each other.',
  DuplicateTempName: 'Two steps write the same temp without append; use two names, or append: true in both.',
  InvalidTempAppendMix:
    'A temp is written with append by one step and without by another; use append: true in both, or two names.',
  TempScopeMix:
    'A temp is written in scope run by one step and in scope correlation by another; give both the same scope.',
  CorrelationIdMissing:
    'A temp has scope correlation, but the run has no correlation id; give the run a correlationId, or use scope run.',
  TempProducerExcluded:
    'include leaves out a step that writes a run temp, or a part of it, which an included step reads (warning); include it too.',
  // Tables
  ParallelWriters: 'Two steps that run at the same time write the same table or file; put one after the other.',
  ParallelReadWrite:
    'A step reads what another one writes at the same time (warning); put one after the other, or it is chance what is read.',
  NestedTables:
    'A table, a written file or the root of temps lies in the folder of a table; give one of them another place.',
  TablesDifferInCase:
    'Two tables lie in places that differ only in upper and lower case, which some file systems take for one; write one name in one way, or rename a table.',
  UnknownSourceTable:
    'A table is read that does not exist and that no earlier step makes; write it in an earlier step, or correct the name.',
  UnknownTargetTable:
    "A table is written that does not exist, and the storage's policy forbids to make it; create it, or set missingTablePolicy: create.",
  // Include
  InvalidStage: 'include names steps or processes that do not exist; correct them.',
  EmptyInclude: 'include is empty; name steps or processes, or leave it out.',
  // Storage
  DuplicateStorageEntry: 'A table or file is listed twice in the storage; list it once.',
  UnsupportedScheme:
    'A path or URI has a scheme that is not supported; give a local path or a file:// URI; on Kubernetes, of a mounted volume.',
} as const

export type CompileProblemCode = keyof typeof COMPILE_PROBLEM_CODES
