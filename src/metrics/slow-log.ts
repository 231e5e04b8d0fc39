// SLOWLOG's list: the last commands that took longer than somebody wants to wait, with their words cut short.

import { fromText } from '../bytes/ascii.ts'
import type { Words } from '../bytes/words.ts'

/** Redis keeps so many words of a request, the last of which says how many are missing, and so many bytes of a word. */
const MOST_WORDS = 32
const MOST_BYTES = 128
const REDACTED = fromText('(redacted)')

export interface SlowEntry {
  readonly id: number
  /** Unix time. */
  readonly timeS: number
  readonly durationMicros: number
  readonly words: readonly Uint8Array[]
  /** Of the client, as in CLIENT LIST. */
  readonly address: string
  readonly name: string
  /** That the client was bound to. */
  readonly namespace: string | undefined
}

/** The words of a request as the log keeps them; those with a number in `secrets` are not told. */
export function shortened({ buf, starts, ends, count }: Words, secrets: ReadonlySet<number>): Uint8Array[] {
  const kept = count > MOST_WORDS ? MOST_WORDS - 1 : count
  const words: Uint8Array[] = []
  for (let i = 0; i < kept; i++) {
    const bytes = ends[i] - starts[i]
    const more = bytes - MOST_BYTES
    if (secrets.has(i)) words.push(REDACTED)
    else if (more <= 0) words.push(buf.slice(starts[i], ends[i]))
    else
      words.push(Buffer.concat([buf.subarray(starts[i], starts[i] + MOST_BYTES), fromText(`... (${more} more bytes)`)]))
  }
  if (kept < count) words.push(fromText(`... (${count - kept} more arguments)`))
  return words
}

export class SlowLog {
  /** The oldest first. */
  private entries: SlowEntry[] = []
  /** Entries before this one are gone. */
  private first = 0
  private nextId = 0
  private most = 0

  add(entry: Omit<SlowEntry, 'id'>): void {
    this.entries.push({ ...entry, id: this.nextId++ })
    this.trim()
  }

  /** Keeps so many entries. */
  set limit(most: number) {
    this.most = most
    this.trim()
  }

  private trim(): void {
    this.first = Math.max(this.first, this.entries.length - this.most)
    // Half of the array at a time: taking out each one would move all others.
    if (2 * this.first < this.entries.length) return
    this.entries.splice(0, this.first)
    this.first = 0
  }

  /** The newest `most` entries of a namespace, or of all of them; the newest first. */
  newest(most: number, namespace: string | undefined): SlowEntry[] {
    const found: SlowEntry[] = []
    for (let i = this.entries.length - 1; i >= this.first && found.length < most; i--) {
      const entry = this.entries[i] as SlowEntry
      if (namespace === undefined || entry.namespace === namespace) found.push(entry)
    }
    return found
  }

  length(namespace: string | undefined): number {
    const { entries, first } = this
    return namespace === undefined ? entries.length - first : this.newest(entries.length, namespace).length
  }

  reset(namespace: string | undefined): void {
    const left = namespace === undefined ? [] : this.entries.slice(this.first).filter(e => e.namespace !== namespace)
    this.entries = left
    this.first = 0
  }
}
