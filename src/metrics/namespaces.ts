// What /metrics and INFO say of namespaces: keys and bytes of those that have a label of their own, the rest of each database under
// `_other`. The work is bounded by the labels: they are looked up by name, and the rest is the database's sum minus them,
// so a million one-key namespaces cost a scrape nothing.
//
// Labels are NamespaceLabels', given for life to the first namespaces met, by a command or here: a monitoring system keeps
// every label it ever saw, so handing a label on when its namespace goes would lift the cap.

import { dictBytes, dictCount, dictScan } from '../memory/dict.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Namespace } from '../store/namespace.ts'
import {
  DB_LOGICAL,
  DB_TIMED,
  NS_ALLOCATED,
  NS_HASH,
  NS_LOGICAL,
  NS_NAME,
  NS_NAME_LENGTH,
  NS_TIMED,
} from '../store/shard.ts'
import { type NamespaceLabels, NO_NAMESPACE, OTHER_NAMESPACES } from './command-stats.ts'

interface NamespaceSeries {
  readonly namespace: string
  /** Absent for database 0. */
  readonly db?: string
}

export interface NamespaceRow {
  readonly series: NamespaceSeries
  readonly keys: number
  readonly timed: number
  readonly logicalBytes: number
  /** Bytes handed out for entries, values and dict; undefined for `_other`, where only the sum of all is known. */
  readonly allocatedBytes: number | undefined
}

interface Named {
  readonly text: string
  readonly bytes: Uint8Array
  readonly hash: number
}

/** A longer name is no label but part of `_other`: each of its lines would carry it. */
const LABEL_CHARS = 256

/** What the label with this number reads; several may read the same. */
export function labelText(names: readonly string[], number: number): string {
  const text = names[number] ?? ''
  return text.length > LABEL_CHARS ? (names[OTHER_NAMESPACES] ?? '') : text
}

/** Namespaces of a shard and database that a survey looks at while there are labels left to give. */
const WALKED = 2048

export class NamespaceSurvey {
  private readonly keys: Keyspace
  private readonly labels: NamespaceLabels
  private readonly named: Named[] = []
  private readonly texts = new Set<string>()
  private readonly batch = new PairBatch()
  /** How many of the labels are in `named` already. */
  private known = 0
  private isFull = false
  /** What the last survey told: a series that then has gone is told once more, as 0. */
  private last = new Map<string, NamespaceSeries>()

  constructor(keys: Keyspace, labels: NamespaceLabels) {
    this.keys = keys
    this.labels = labels
  }

  /** A row for each series with keys, and one of zeroes for each that had some at the last survey. */
  take(): NamespaceRow[] {
    const rows: NamespaceRow[] = []
    for (let db = 0; db < this.keys.databases; db++) {
      if (this.keys.size(db) > 0) this.addDatabase(db, rows)
    }
    const told = new Map(rows.map(row => [`${row.series.db ?? ''} ${row.series.namespace}`, row.series]))
    for (const [id, series] of this.last) {
      if (!told.has(id)) rows.push({ series, keys: 0, timed: 0, logicalBytes: 0, allocatedBytes: 0 })
    }
    this.last = told
    return rows
  }

  /** The rows of one namespace, with a label or without, one for each database where it has keys. */
  of({ name, bytes, hash }: Namespace): NamespaceRow[] {
    const named = { text: Buffer.from(name, 'latin1').toString(), bytes, hash }
    const rows: NamespaceRow[] = []
    for (let db = 0; db < this.keys.databases; db++) {
      const row = this.rowOf(db, named)
      if (row.keys > 0) rows.push(row)
    }
    return rows
  }

  private addDatabase(db: number, rows: NamespaceRow[]): void {
    if (!this.isFull) this.giveLabels(db)
    this.learnLabels()
    let otherKeys = this.keys.size(db)
    let otherTimed = 0
    let otherBytes = 0
    for (const shard of this.keys.shards) {
      const record = shard.database(db)
      otherTimed += shard.arena.i32[(record + DB_TIMED) >> 2]
      otherBytes += shard.arena.f64[(record + DB_LOGICAL) >> 3]
    }
    for (const name of this.named) {
      const row = this.rowOf(db, name)
      if (row.keys === 0) continue
      rows.push(row)
      otherKeys -= row.keys
      otherTimed -= row.timed
      otherBytes -= row.logicalBytes
    }
    if (otherKeys === 0) return
    const series = seriesOf(db, labelText(this.labels.names, OTHER_NAMESPACES))
    rows.push({ series, keys: otherKeys, timed: otherTimed, logicalBytes: otherBytes, allocatedBytes: undefined })
  }

  private rowOf(db: number, { text, bytes, hash }: Named): NamespaceRow {
    let keys = 0
    let timed = 0
    let logicalBytes = 0
    let allocatedBytes = 0
    for (const shard of this.keys.shards) {
      const ns = shard.namespace(db, hash, bytes, 0, bytes.length)
      if (ns === 0) continue
      const { arena } = shard
      keys += dictCount(arena, ns)
      timed += arena.i32[(ns + NS_TIMED) >> 2]
      logicalBytes += arena.f64[(ns + NS_LOGICAL) >> 3]
      allocatedBytes += arena.f64[(ns + NS_ALLOCATED) >> 3] + dictBytes(arena, ns)
    }
    return { series: seriesOf(db, text), keys, timed, logicalBytes, allocatedBytes }
  }

  /** Gives labels to namespaces of the database that no command has named, such as those of a snapshot. */
  private giveLabels(db: number): void {
    const { batch, labels } = this
    for (const shard of this.keys.shards) {
      const { arena } = shard
      batch.length = 0
      dictScan(arena, shard.database(db), 0, WALKED, batch)
      for (let i = 0; i < Math.min(batch.length, WALKED); i++) {
        const ns = batch.refs[i]
        const name = ns + NS_NAME
        const end = name + arena.i32[(ns + NS_NAME_LENGTH) >> 2]
        if (labels.number(arena.i32[(ns + NS_HASH) >> 2], arena.u8, name, end) === OTHER_NAMESPACES) {
          this.isFull = true
          return
        }
      }
    }
  }

  /**
   * Reads the labels given since the last time. A name that is not UTF-8 reads the same as others, is not found by its
   * text, and so is part of the rest; as is a namespace that is itself called `_other`.
   */
  private learnLabels(): void {
    const { names } = this.labels
    for (; this.known < names.length; this.known++) {
      const text = labelText(names, this.known)
      const isReserved = this.known === NO_NAMESPACE || text === names[OTHER_NAMESPACES]
      if (isReserved || this.texts.has(text)) continue
      const bytes = Buffer.from(text)
      this.texts.add(text)
      this.named.push({ text, bytes, hash: this.keys.namespaceHash(bytes, 0, bytes.length) })
    }
  }
}

function seriesOf(db: number, namespace: string): NamespaceSeries {
  return db === 0 ? { namespace } : { namespace, db: String(db) }
}
