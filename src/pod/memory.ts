// How much of a container's memory the engine gets; the rest is for the process around it, and for reading and writing.

const ENGINE_SHARE = 0.55

/** @param bytes that the container may use; undefined: the engine finds out by itself */
export const engineMemory = (bytes: number | undefined): { memoryLimit?: string } =>
  bytes === undefined ? {} : { memoryLimit: `${Math.floor((bytes * ENGINE_SHARE) / 1024 ** 2)}MiB` }
