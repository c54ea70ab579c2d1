// Where the things that a plan names lie. Bound beside the plan, hashed apart from it (design §4).

export const MISSING_TABLE_POLICIES = ['create', 'schemaMode', 'error'] as const
/** TGT-1; the default is `create` (design §12). */
export type MissingTablePolicy = (typeof MISSING_TABLE_POLICIES)[number]

export interface TableLocation {
  /** An absolute path (local), without a trailing slash. */
  uri: string
  /** Bytes a data file should have at most; null = the writer's default. */
  targetFileSize: number | null
  /** Delta table properties set when the table is created. */
  properties: Record<string, string>
}

export interface StorageBinding {
  version: 1
  /** `sha256:…` over everything else here. */
  hash: string
  /** Every table ref of the plan. */
  tables: Record<string, TableLocation>
  /** Every file name of the plan (`file: {file: NAME}`). */
  files: Record<string, string>
  /** Absolute folder where relative file paths start. */
  fileRoot: string
  /** Absolute folder where code modules' paths start (the manifest's folder). */
  moduleRoot: string
  /** Absolute folder of temps and run records. */
  tempRoot: string
  missingTablePolicy: MissingTablePolicy
}
