// The requests of a chunk that will run one after the other, looked at before the first one does: their rows are found, and
// their keys hashed and touched (store/warm.ts).

import type { Words } from '../bytes/words.ts'
import type { CommandTable, TableRow } from '../commands/table.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { WARM_REQUESTS, Warmer } from '../store/warm.ts'

const NONE: readonly Words[] = []

export class LookAhead {
  /** The rows of the requests, undefined for names that are unknown. */
  readonly rows: (TableRow | undefined)[] = new Array(WARM_REQUESTS).fill(undefined)
  private readonly table: CommandTable
  private readonly warmer: Warmer
  /** The word of each request's first key, 0 when it has none. */
  private readonly words = new Uint8Array(WARM_REQUESTS)
  private requests: readonly Words[] = NONE

  constructor(table: CommandTable, keys: Keyspace) {
    this.table = table
    this.warmer = new Warmer(keys)
  }

  /** Looks at `n` requests of a client that has selected `db`. */
  look(requests: readonly Words[], n: number, db: number): void {
    const { words, rows } = this
    this.requests = requests
    let keys = 0
    for (let i = 0; i < n; i++) {
      const request = requests[i] as Words
      const row = this.table.lookup(request.buf, request.starts[0], request.ends[0])
      const word = row === undefined ? 0 : this.firstKey(row, request)
      words[i] = word < request.count ? word : 0
      keys += words[i]
      rows[i] = row
    }
    if (keys > 0) this.warmer.touch(requests, words, n, db)
  }

  private firstKey(row: TableRow, { buf, starts, ends, count }: Words): number {
    if (row.subcommands === undefined || count < 2) return row.firstKey
    return this.table.sub(row, buf, starts[1], ends[1])?.firstKey ?? 0
  }

  /** What was hashed was hashed under another namespace. */
  forgetKeys(): void {
    for (const request of this.requests) request.keyAt = 0
  }

  /** The requests have run. */
  end(): void {
    this.requests = NONE
  }
}
