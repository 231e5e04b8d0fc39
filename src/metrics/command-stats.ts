// Counters and latency histograms of commands: typed arrays indexed by command number, a few additions per command;
// /metrics and INFO read them when they are asked.
//
// One clock read serves many commands: commands that take constant time are noted and settled together, each with an
// equal share of the time since the last reading, which is what their histograms show. Others end a group: they are
// settled when they have run, so that those before them, 31 of about 0.2 microseconds at most, are all that blurs them.
//
// Buckets are powers of two, as LATENCY HISTOGRAM tells them; INFO's percentiles and the buckets of /metrics are
// computed from them.

/** Upper bound in ns of the first bucket: what Redis's histogram (HdrHistogram of two digits) calls 1024 ns. */
const FIRST_BOUND_NS = 1032
/** Buckets with a bound, each twice the one before: up to 2.16 s. A last bucket takes the rest. */
const BOUNDED = 22
export const BUCKETS = BOUNDED + 1
const GROUP = 32

/** Upper bound of a bucket in ns; Infinity for the last one. */
export function boundNs(bucket: number): number {
  return bucket < BOUNDED ? FIRST_BOUND_NS * 2 ** bucket : Number.POSITIVE_INFINITY
}

const LAST_BOUND_NS = boundNs(BOUNDED - 1)

/** Bucket of a duration in ns. */
export function bucketOf(ns: number): number {
  if (ns <= FIRST_BOUND_NS) return 0
  return ns > LAST_BOUND_NS ? BOUNDED : 32 - Math.clz32(Math.ceil(ns / FIRST_BOUND_NS) - 1)
}

/** Number of the label that stands for "no key named", for `default`, and for all namespaces beyond the cap. */
export const NO_NAMESPACE = 0
export const DEFAULT_NAMESPACE = 1
export const OTHER_NAMESPACES = 2
const FIRST_NAMED = 3
const TABLE_SLOTS = 4096

/** Small numbers for the namespaces that get a label of their own: the first ones seen, up to a cap. */
export class NamespaceLabels {
  readonly names: string[] = ['', 'default', '_other']
  private readonly hashes = new Int32Array(TABLE_SLOTS)
  private readonly numbers = new Uint16Array(TABLE_SLOTS)
  private readonly cap: number

  /** `cap` is the most labels, `default` and `_other` not counted; at most half of the table. */
  constructor(cap: number) {
    this.cap = FIRST_NAMED + Math.min(cap, TABLE_SLOTS / 2)
  }

  /** The number for a namespace by the hash of its name; `buf[start, end)` is the name, read the first time only. */
  number(hash: number, buf: Uint8Array, start: number, end: number): number {
    if (hash === 0) return DEFAULT_NAMESPACE
    let i = hash & (TABLE_SLOTS - 1)
    while (this.numbers[i] !== 0) {
      if (this.hashes[i] === hash) return this.numbers[i]
      i = (i + 1) & (TABLE_SLOTS - 1)
    }
    if (this.names.length >= this.cap) return OTHER_NAMESPACES
    this.hashes[i] = hash
    this.numbers[i] = this.names.length
    this.names.push(Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString('utf8'))
    return this.numbers[i]
  }
}

export class CommandStats {
  readonly calls: Float64Array
  readonly failed: Float64Array
  readonly rejected: Float64Array
  /** Time in ns. */
  readonly nanos: Float64Array
  /** Per namespace label and command: counts per bucket, then the sum in ns. Undefined until the label is met. */
  readonly histograms: (Float64Array | undefined)[] = []
  readonly commands: number
  total = 0
  errors = 0
  /** Error replies by their first word. */
  readonly errorCodes = new Map<string, number>()
  unknown = 0
  private readonly group = new Int32Array(2 * GROUP)
  private grouped = 0
  private lastNs = 0

  constructor(commands: number) {
    this.commands = commands
    this.calls = new Float64Array(commands)
    this.failed = new Float64Array(commands)
    this.rejected = new Float64Array(commands)
    this.nanos = new Float64Array(commands)
  }

  /** A new run of commands begins at this time (ns). */
  begin(nowNs: number): void {
    this.lastNs = nowNs
  }

  /** Notes that a command ran. Returns true when the group is full, and settle() is due. */
  note(command: number, namespace: number): boolean {
    const { group } = this
    const at = this.grouped
    group[at] = command
    group[at + 1] = namespace
    this.grouped = at + 2
    return this.grouped === 2 * GROUP
  }

  /** Commands noted since the last settlement. */
  get noted(): number {
    return this.grouped >> 1
  }

  /** The command noted last; -1 when none was since the last settlement. */
  get lastNoted(): number {
    return this.grouped === 0 ? -1 : this.group[this.grouped - 2]
  }

  /** Shares the time since the last call among the commands noted; returns it in ns, 0 when there are none. */
  settle(nowNs: number): number {
    const n = this.grouped >> 1
    const elapsed = Math.max(0, nowNs - this.lastNs)
    this.lastNs = nowNs
    if (n === 0) return 0
    const each = elapsed / n
    const bucket = bucketOf(each)
    const { group, grouped } = this
    // Commands of one kind come in runs.
    for (let i = 0; i < grouped; ) {
      const command = group[i]
      const namespace = group[i + 1]
      let end = i + 2
      while (end < grouped && group[end] === command && group[end + 1] === namespace) end += 2
      const run = (end - i) >> 1
      this.calls[command] += run
      this.nanos[command] += each * run
      const h = this.histograms[namespace] ?? this.histogram(namespace)
      const at = command * (BUCKETS + 1)
      h[at + bucket] += run
      h[at + BUCKETS] += each * run
      i = end
    }
    this.total += n
    this.grouped = 0
    return elapsed
  }

  private histogram(namespace: number): Float64Array {
    const h = new Float64Array(this.commands * (BUCKETS + 1))
    this.histograms[namespace] = h
    return h
  }

  countError(code: string): void {
    this.errors++
    this.errorCodes.set(code, (this.errorCodes.get(code) ?? 0) + 1)
  }
}
