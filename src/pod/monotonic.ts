// The machine's clock that never jumps, in ms. Its values mean the same in every process of the machine.
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6
