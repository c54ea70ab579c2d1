// What can be wrong with a manifest that is well-formed: one code, one line. The codes of reading stand in the manifest's
// own table; docs/reference/problems.md is made from both.

export const COMPILE_PROBLEM_CODES = {
  // Params
  MissingParam: 'A param without a default got no value.',
  UnknownParam: 'A value is given for a param that the pipeline does not declare.',
  InvalidParamValue: 'A value can not be converted to the type of its param.',
  InvalidDefault: 'The default of a param is not of its type, or not among its values.',
  InvalidEnum: 'A value in the enum of a param is not of its type.',
  UnusedParam: 'A declared param is used nowhere (warning).',
  // Names
  DuplicateProcessName: 'Two processes have the same name.',
  DuplicateStepName: 'Two steps have the same name.',
  AmbiguousName: 'A step and a process have the same name, so that include could mean either.',
  // Placeholders
  InvalidPlaceholder: 'Something behind $( is not params.NAME, or a placeholder in a value is not the whole value.',
  MisplacedPlaceholder: 'A placeholder stands inside quotes or right beside other text, where SQL takes no value.',
  UnknownParamField: 'A placeholder names a param that the pipeline does not declare.',
  UnknownFilter: 'A placeholder has a filter that does not exist.',
  FilterNotAllowed: 'A filter is used outside of a path, or on a param that is no date or timestamp.',
  UnsafePathValue: 'The value of a param may not become part of a path.',
  // Steps
  MissingTarget: 'A step has no target.',
  CopyNeedsOneSource: 'A step without a body copies its only source, but it has none or several.',
  UnusedSource: 'A source is never mentioned in the SQL of its step (warning).',
  DuplicateAlias: 'Two sources of a step differ only in upper and lower case.',
  InvalidTimeout: 'A timeout is nothing, or longer than ten years.',
  MissingCodeModule: 'The module of a code step does not exist.',
  UnsafeModulePath: 'The module of a code step lies outside of the folder that modules start from.',
  // Sources and targets
  OptionsFormatMismatch: 'Options are given for another format than that of the file.',
  InvalidTimestamp: 'A time-travel timestamp is no instant.',
  DuplicateColumn: 'A column is listed twice; upper and lower case make no difference.',
  InvalidRowValue: 'A value in rows is none that JSON has.',
  InvalidPlace: 'A path or URI is no place on this machine, or a target is no name of a file.',
  UnknownFileAlias: "The alias is not among the storage's files.",
  // Write modes
  MissingPartitionColumns: 'replacePartitions or replacePartition names no column.',
  InvalidPartitionValue: 'A partition value is neither a scalar nor a scalar param.',
  UpsertNoKeys: 'An upsert has no keys.',
  UpsertExcludeIncludeConflict: 'An upsert has both include and exclude.',
  UpsertKeyInExclude: 'A key of an upsert is excluded from updates, which keys are anyway.',
  PartitionColumnIsKey: 'A partition column of an upsert is listed among its keys too.',
  UpsertNothingUpdated: 'include of an upsert lists only columns that identify a row.',
  SchemaModeMismatch: 'The schema mode can not be had together with the write mode, or with dropExtraColumns.',
  // Temps
  TempNotProduced: 'A temp is read that no earlier step writes.',
  DuplicateTempName: 'Two steps write the same temp without append.',
  InvalidTempAppendMix: 'A temp is written with append by one step and without by another.',
  TempScopeMix: 'A temp is written in scope run by one step and in scope correlation by another.',
  CorrelationIdMissing: 'A temp has scope correlation, but the run has no correlation id.',
  TempProducerExcluded:
    'include leaves out a step that writes a run temp, or a part of it, which an included step reads (warning).',
  // Tables
  ParallelWriters: 'Two steps that run at the same time write the same table or file.',
  ParallelReadWrite: 'A step reads what another one writes at the same time (warning).',
  NestedTables: 'A table, a written file or the root of temps lies in the folder of a table.',
  UnknownSourceTable: 'A table is read that does not exist and that no earlier step makes.',
  UnknownTargetTable: "A table is written that does not exist, and the storage's policy forbids to make it.",
  // Include
  InvalidStage: 'include names steps or processes that do not exist.',
  EmptyInclude: 'include is empty.',
  // Storage
  DuplicateStorageEntry: 'A table or file is listed twice in the storage.',
  UnsupportedScheme: 'A path or URI has a scheme that is not supported.',
} as const

export type CompileProblemCode = keyof typeof COMPILE_PROBLEM_CODES
