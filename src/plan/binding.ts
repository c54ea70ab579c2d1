// Where the things that a plan names lie. Bound beside the plan, hashed apart from it (design §4).

export const MISSING_TABLE_POLICIES = ['create', 'schemaMode', 'error'] as const
/** TGT-1; the default is `create` (design §12). */
export type MissingTablePolicy = (typeof MISSING_TABLE_POLICIES)[number]

export interface TableLocation {
  /** An absolute path, or `s3://bucket/key`; without a trailing slash. */
  uri: string
  /** Bytes a data file should have at most; null = the writer's default. */
  targetFileSize: number | null
  /** Delta table properties set when the table is created. */
  properties: Record<string, string>
}

/** How an object store is reached. Credentials are no part of it: they come from the environment of whoever runs a step. */
export interface ObjectStoreBinding {
  s3: {
    /** null: of AWS, in the region. */
    endpoint: string | null
    /** null: as the environment says. */
    region: string | null
    /** Buckets are in the path, not in the host's name. */
    pathStyle: boolean
    /** Name of the Secret that becomes the environment of step pods; null: they have what they need. */
    credentialsSecret: string | null
  }
}

export interface StorageBinding {
  version: 1
  /** `sha256:…` over everything else here. */
  hash: string
  /** Every table ref of the plan. */
  tables: Record<string, TableLocation>
  /** Every file name of the plan (`file: {file: NAME}`). */
  files: Record<string, string>
  /** Absolute folder, or `s3://bucket/key`, of the tables that have no place of their own. Absent: written before it was told. */
  tableRoot?: string
  /** Absolute folder, or `s3://bucket/key`, where relative file paths start. */
  fileRoot: string
  /** Absolute folder where code modules' paths start (the manifest's folder). */
  moduleRoot: string
  /** Absolute folder, or `s3://bucket/key`, of temps. */
  tempRoot: string
  /** Absolute folder of run records, locks and scratch files of local runs. Absent: that of temps, which is a folder. */
  recordRoot?: string
  /** Absent: `s3://` places are reached as the environment says. */
  objectStore?: ObjectStoreBinding
  missingTablePolicy: MissingTablePolicy
}
