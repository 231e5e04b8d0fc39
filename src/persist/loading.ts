// Loading in slices. Whoever reads a file of keys is a generator that stops after each slice of work, a millisecond or
// two, so that a server can say meanwhile that it is loading; what it returns at its end is what loading has found.
// Between two slices the keyspace is as its clients know it: LoadingState puts back what a loader sets differently.

import type { Keyspace } from '../store/keyspace.ts'
import type { Namespace } from '../store/namespace.ts'
import type { Arrivals } from '../store/observers.ts'

/** A slice ends after so many bytes of the file, or so many keys, commands or elements. */
export const SLICE_BYTES = 256 << 10
export const SLICE_UNITS = 2048

/** How far a load has come in the file that it reads. */
export interface LoadProgress {
  readonly loadedBytes: number
  readonly totalBytes: number
}

export type Load<T> = Generator<LoadProgress, T, void>

/** Loads without a pause; `onSlice` hears of each slice. Throws what the load throws. */
export function runToEnd<T>(load: Load<T>, onSlice: (bytes: number, of: number) => void = () => undefined): T {
  for (;;) {
    const step = load.next()
    if (step.done === true) return step.value
    onSlice(step.value.loadedBytes, step.value.totalBytes)
  }
}

/**
 * What holds while keys are loaded: no limits of memory or of namespaces, because what was kept must not be lost; time
 * stands still; names are as those see them who are bound to no namespace.
 */
export class LoadingState {
  protected readonly keys: Keyspace
  private readonly loadMs: number
  private limitBytes = 0
  private arrivals: Arrivals | undefined
  private nowMs = 0
  private db = 0
  private binding: Namespace | undefined

  /** `loadMs` is the time that it is for the loader, by default that of the keyspace. */
  constructor(keys: Keyspace, loadMs = keys.nowMs) {
    this.keys = keys
    this.loadMs = loadMs
  }

  enter(): void {
    const { keys } = this
    keys.reserveArenas()
    this.limitBytes = keys.limitBytes
    this.arrivals = keys.arrivals
    this.nowMs = keys.nowMs
    this.db = keys.db
    this.binding = keys.binding
    keys.limitBytes = Number.POSITIVE_INFINITY
    keys.arrivals = undefined
    keys.nowMs = this.loadMs
    keys.binding = undefined
  }

  leave(): void {
    const { keys } = this
    keys.limitBytes = this.limitBytes
    keys.arrivals = this.arrivals
    keys.nowMs = this.nowMs
    keys.db = this.db
    keys.binding = this.binding
    // Of a value that was being read when something was wrong: nobody is to go on with it.
    keys.changing = undefined
  }
}

/** Runs a load in its state, and its consumer outside of it. */
export function* within<T>(state: LoadingState, load: Load<T>): Load<T> {
  try {
    for (;;) {
      const step = oneSlice(state, load)
      if (step.done === true) return step.value
      yield step.value
    }
  } finally {
    // Given up by its consumer: the load lets go of what it holds.
    state.enter()
    load.return(undefined as never)
    state.leave()
  }
}

function oneSlice<T>(state: LoadingState, load: Load<T>): IteratorResult<LoadProgress, T> {
  state.enter()
  try {
    return load.next()
  } finally {
    state.leave()
  }
}
