// What an image is to a process node: host folders shown at paths of the container, and the command that runs in place of the
// image's entry point. An image that nobody named is the host's own root, with no entry point.

export interface Image {
  readonly entrypoint?: readonly string[]
  /** Container path → host folder, shown read-only. */
  readonly folders?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** User that the image says to run as (default: root). */
  readonly user?: number
  readonly workingDir?: string
}

export type Images = Readonly<Record<string, Image>>

/** Why an image can not be had. `ErrImagePull` goes on to ImagePullBackOff and is tried again, as a kubelet does. */
export interface ImageFault {
  readonly reason: 'ErrImagePull' | 'ErrImageNeverPull' | 'InvalidImageName' | 'RegistryUnavailable'
  readonly message: string
}

export class ImageStore {
  readonly #images: Images
  readonly #faults = new Map<string, ImageFault>()

  constructor(images: Images) {
    this.#images = images
  }

  get(name: string): Image {
    return this.#images[name] ?? {}
  }

  fault(name: string): ImageFault | undefined {
    return this.#faults.get(name)
  }

  /** Makes the image impossible to have; the returned function ends that. */
  fail(name: string, fault: Partial<ImageFault> = {}): () => void {
    const reason = fault.reason ?? 'ErrImagePull'
    const why = `failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`
    const unknown =
      reason === 'ErrImageNeverPull' ? `Container image "${name}" is not present with pull policy of Never` : why
    this.#faults.set(name, { reason, message: fault.message ?? unknown })
    return () => this.#faults.delete(name)
  }
}
