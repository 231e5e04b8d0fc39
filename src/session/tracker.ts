// How a client has its reads tracked (CLIENT TRACKING), and where it wants to hear that what it may hold is no longer so.

/** Which keys it hears of: those it reads; of those, the ones it says (opt in) or does not exclude (opt out); or all. */
export type TrackingMode = 'reads' | 'optin' | 'optout' | 'bcast'

export interface TrackingOptions {
  readonly mode: TrackingMode
  /** Number of the client that is told in its place; 0: itself. */
  readonly redirect: number
  /** It does not want to hear of its own changes. */
  readonly noLoop: boolean
  /** What the keys begin with that it hears of in mode `bcast`; none: all keys. Byte strings. */
  readonly prefixes: readonly string[]
}

/** What a prefix takes beside its name: as much as a subscription. */
const PREFIX_BYTES = 500

export class Tracker {
  /** By which the table of keys knows it. */
  readonly number: number
  mode: TrackingMode = 'reads'
  redirect = 0
  noLoop = false
  /** CLIENT CACHING was called: the next command does what is not the rule. */
  isExcepted = false
  /** The client that it redirects to was gone when there was something to tell. */
  isBroken = false
  /** In the order of their bytes. */
  prefixes: readonly string[] = []

  constructor(number: number) {
    this.number = number
  }

  /** Memory that its prefixes take. */
  get prefixBytes(): number {
    let bytes = 0
    for (const prefix of this.prefixes) bytes += PREFIX_BYTES + prefix.length
    return bytes
  }

  /** Whether what it reads now is to be remembered. */
  get remembers(): boolean {
    const { mode } = this
    return mode === 'reads' || (mode === 'optin' && this.isExcepted) || (mode === 'optout' && !this.isExcepted)
  }

  set(options: TrackingOptions): void {
    this.mode = options.mode
    this.redirect = options.redirect
    this.noLoop = options.noLoop
    this.isBroken = false
  }
}
