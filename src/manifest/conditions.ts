// Condition types of the kinds, and every reason that a condition, step or event may carry. A reason is a promise to
// users and tools: each has one line here, from which the documentation is generated.

export const CONDITION_TYPES = {
  Succeeded: 'True when the run has succeeded, False when it has failed or was cancelled, Unknown before.',
  Reconciling: 'True until the run has ended, also while it waits or is suspended.',
  Stalled: 'True when the run has ended without success, failed or cancelled: only the user can help.',
  Compiled: 'True when the pipeline compiled for this run, False when it has problems.',
} as const
export type ConditionType = keyof typeof CONDITION_TYPES

/** Of an ETLWorkerPool. */
export const POOL_CONDITION_TYPES = {
  Ready:
    'True when the pool can take steps, with as many workers as are always wanted. Left out while the pool is paused: it is as it should be.',
  Reconciling: 'True while workers are being started, replaced or taken away.',
  Stalled: 'True when only a change by the user helps.',
} as const
export type PoolConditionType = keyof typeof POOL_CONDITION_TYPES

export const REASONS = {
  // Run
  Pending: 'Accepted, not looked at yet.',
  PipelineNotFound: 'The pipeline that the run names does not exist (yet).',
  StorageNotFound: 'The storage that the run names does not exist (yet).',
  InvalidPipeline: 'The pipeline does not compile for this run; the message lists the problems.',
  PlanTooLarge: 'The compiled plan does not fit into a ConfigMap.',
  PlanLost: "The run's plan was deleted and can't be made again unchanged.",
  Suspended: 'Nothing new is started; running steps are left to finish.',
  Started: 'The plan is fixed and steps are being run.',
  Restarted: 'The run had ended without success and was asked to go on: what has not succeeded is run again.',
  Running: 'Steps are running.',
  WaitingForRetry: 'An attempt has failed; the next begins after a wait.',
  Stopping: 'Steps are being stopped.',
  Succeeded: 'All steps have succeeded.',
  StepFailed: 'A step has failed and no attempt is left.',
  Cancelled: 'Cancelled by the user.',
  TimedOut: "The run's or the step's time is over.",
  Denied: 'The storage does not allow what the run asks for.',
  Defect: 'The operator met a bug of its own with this run; please report it.',
  // Step
  InvalidInput: 'The step can not succeed as it is written.',
  AccessDenied: 'Credentials or a policy refused what the step does.',
  MissingInput: 'Something that the step reads does not exist.',
  WriteConflict: 'Others changed the target at the same time, too often.',
  TransientFault: 'A fault that may pass.',
  OutOfMemory: 'The step was killed because it used more memory than its limit.',
  OutcomeMissing: 'The container ended without telling its outcome.',
  OutcomeMalformed: "The container's outcome can't be read.",
  Unschedulable: 'No node can take the pod.',
  ImagePullFailed: "The pod's image can't be pulled.",
  CreateContainerError:
    "The container can't be made: a Secret, ConfigMap or key is missing, or its settings are wrong.",
  QuotaExceeded: 'A resource quota of the namespace leaves no room for the pod.',
  AdmissionDenied: 'The API server refuses the pod: Pod Security or an admission policy.',
  PodCreationFailed: "The Job's pod can't be made.",
  Evicted: 'The node evicted the pod.',
  Preempted: 'The pod made room for one of higher priority.',
  NodeLost: "The pod's node is gone or not answering.",
  PodDeleted: 'The pod was deleted by somebody.',
  JobDeleted: 'The Job was deleted by somebody.',
  TooManyDisruptions: 'The step was disrupted more often than is tried again.',
  // Dispatch to worker pools
  PoolNotFound: 'There is no worker pool of that name, or none at all, in the namespace.',
  PoolPaused: 'The worker pool is paused.',
  PoolUnsuitable:
    "The worker pool can't run the step: another storage, too little memory, or settings of its own pods.",
  NoWorkers: 'The worker pool has no worker that asks for work.',
  PlanTooLargeForPool: 'The step is larger than what a message to a worker can hold.',
  NatsNotConfigured: 'The operator has no broker, so no step can go to a worker pool.',
  BrokerUnreachable: 'The operator does not reach the broker.',
  DispatchFallback: 'Steps that were meant for a worker pool are run as Jobs.',
  LeaseExpired: "The step's worker was not heard of for too long.",
  BrokerLost: "The step's worker could not be heard, because the broker was gone.",
  WorkerStopped: "The step's worker was stopped before the step was done.",
  // Worker pools
  InvalidPool: 'The worker pool is not as it must be; the message lists the problems.',
  Ready: 'All workers that are wanted are there.',
  Paused: 'The worker pool gives out no steps; its workers go.',
  ScalingUp: 'Workers are being started.',
  ScalingDown: 'Workers that are too many are being taken away, idle ones first.',
  ScaledUp: 'More workers are wanted than before.',
  ScaledDown: 'Fewer workers are wanted than before.',
  RollingOut: 'Workers are being replaced by ones with other settings, without stopping a step.',
  WorkersUnavailable: 'Workers that are wanted do not get going; the message says why.',
  NameTaken: 'An object of the name that is needed belongs to somebody else.',
  // Clean-up
  CleanUpFailed: 'Intermediate results could not be removed; they stay where they are.',
} as const
export type Reason = keyof typeof REASONS

/** What to do about a fault of a pod; told with it, and in the documentation. */
export const WAYS_OUT: { readonly [R in Reason]?: string } = {
  OutOfMemory: "raise the step's memory limit",
  OutcomeMissing: "the logs of the step's pod may tell why",
  OutcomeMalformed: "use an image of the operator's version",
  Unschedulable: "make room on a node, or change the storage's resources, nodeSelector or tolerations",
  ImagePullFailed: "check the image and the storage's imagePullSecrets",
  CreateContainerError: 'check the image, and the Secrets, ConfigMaps and volumes that the storage names',
  QuotaExceeded: "raise the namespace's quota, or lower the step's resources",
  AdmissionDenied: 'change the storage so that its pods are allowed, or have the policy changed',
  PodCreationFailed: 'the events of the Job may tell more',
  TimedOut: "raise the step's timeout, or give it less to do",
  Evicted: 'raise its requests if that happens often',
  Preempted: 'give it a higher priorityClassName if that happens often',
  TooManyDisruptions: 'the events of the run tell each of them',
}
