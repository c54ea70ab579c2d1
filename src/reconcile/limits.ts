// The numbers that rules use. Milliseconds.

/** How long a missing pipeline or storage is waited for. */
export const MISSING_REFERENCE_DEADLINE = 10 * 60_000
/** How long a pod may fail to get going before waiting becomes failing. */
export const POD_TROUBLE_DEADLINE = {
  Unschedulable: 15 * 60_000,
  ImagePullFailed: 5 * 60_000,
  CreateContainerError: 5 * 60_000,
} as const
/** How long a Job may have no pod. */
export const POD_CREATION_DEADLINE = 10 * 60_000
/** How soon the events of a Job without a pod are read (again): no watch tells them. */
export const POD_EVENTS_PERIOD = 2_000
/** How long a pod on a node may take to start its container before its events are read, and how soon again. */
export const POD_START_PATIENCE = 4_000
export const POD_START_PERIOD = 10_000
/** How often a step is tried again within an attempt after what was not its fault. */
export const MAX_DISRUPTIONS = 5
/** How long the broker may be gone before steps that wait for a pool go as Jobs instead, where the run allows it. */
export const BROKER_GRACE = 30_000
/** How long a step waits for a pool that can't take it, or has no workers, before waiting becomes failing (or Jobs). */
export const POOL_DEADLINE = 10 * 60_000
/** Steps of one run in the hands of a pool at the same time, at most. */
export const POOLED_AT_MOST = 60
/** Steps of one run that are under way or between two tries, at most: the status has room for the details of so many. */
export const OPEN_AT_MOST = 100
/** Jobs of one run at the same time, unless the run says otherwise. */
export const DEFAULT_MAX_PARALLEL = 20
/** How long a clean-up of temps may take before the run is let go without it. */
export const CLEAN_UP_DEADLINE = 10 * 60_000
/** A step's pod may live this much longer than the step's own timeout. */
export const POD_DEADLINE_SLACK = 60_000

/** Steps of a run: the status has a character for each. */
export const MOST_STEPS = 10_000
/** Bytes of a status as JSON; what is over is left out of the details of steps. */
export const STATUS_BYTES = 32 * 1024
/** Bytes of the run's message, which stands in its conditions too, and of a step's. */
export const RUN_MESSAGE_BYTES = 2048
export const STEP_MESSAGE_BYTES = 512

/** The finalizer that is on a run while it has temps to clean. */
export const FINALIZER = 'loom.etl/temps'
