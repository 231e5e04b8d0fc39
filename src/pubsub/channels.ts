// Who listens where: channels, patterns of channels, and shard channels, each a table of names with their subscribers in
// the order in which they came. Names are byte strings (Latin-1: one character a byte). A subscriber is whatever the
// caller says; nothing is known here of sockets.
//
//   subscribe, unsubscribe   O(1)      publish   O(subscribers of the channel + all patterns)

import { toText } from '../bytes/ascii.ts'
import { globMatches } from '../bytes/glob.ts'

/** The three kinds of subscription; `pattern` names match channels by Redis's glob rules. */
export type Kind = 'channel' | 'pattern' | 'shard'

/** What a subscription takes beside its name, measured with 200,000 of them. */
const SUBSCRIPTION_BYTES = 500

/** The names that one subscriber listens to. */
class OwnNames {
  readonly names = new Set<string>()
  nameBytes = 0
}

class Table<S extends object> {
  /** Subscribers by name. */
  readonly names = new Map<string, Set<S>>()
  /** Names by subscriber. */
  private readonly own = new Map<S, OwnNames>()

  add(s: S, name: string): boolean {
    const own = this.own.get(s) ?? new OwnNames()
    if (own.names.has(name)) return false
    if (own.names.size === 0) this.own.set(s, own)
    own.names.add(name)
    own.nameBytes += name.length
    const listeners = this.names.get(name)
    if (listeners === undefined) this.names.set(name, new Set([s]))
    else listeners.add(s)
    return true
  }

  remove(s: S, name: string): boolean {
    const own = this.own.get(s)
    if (own?.names.delete(name) !== true) return false
    own.nameBytes -= name.length
    if (own.names.size === 0) this.own.delete(s)
    const listeners = this.names.get(name)
    listeners?.delete(s)
    if (listeners?.size === 0) this.names.delete(name)
    return true
  }

  namesOf(s: S): string[] {
    return [...(this.own.get(s)?.names ?? [])]
  }

  countOf(s: S): number {
    return this.own.get(s)?.names.size ?? 0
  }

  bytesOf(s: S): number {
    const own = this.own.get(s)
    return own === undefined ? 0 : own.names.size * SUBSCRIPTION_BYTES + own.nameBytes
  }
}

/** Told of each receiver of a message; `pattern` is the one by which it is received. */
export type Deliver<S> = (subscriber: S, pattern: string | undefined) => void

export class Channels<S extends object> {
  private readonly channel = new Table<S>()
  private readonly pattern = new Table<S>()
  private readonly shard = new Table<S>()
  /** The patterns as bytes, as matching wants them. */
  private readonly globs = new Map<string, Uint8Array>()

  /** False when it was subscribed already. */
  subscribe(s: S, kind: Kind, name: string): boolean {
    if (kind === 'pattern' && !this.globs.has(name)) this.globs.set(name, Buffer.from(name, 'latin1'))
    return this[kind].add(s, name)
  }

  /** False when it was not subscribed. */
  unsubscribe(s: S, kind: Kind, name: string): boolean {
    const removed = this[kind].remove(s, name)
    if (kind === 'pattern' && !this.pattern.names.has(name)) this.globs.delete(name)
    return removed
  }

  /** Ends all subscriptions of one that is gone. */
  forget(s: S): void {
    for (const kind of ['channel', 'pattern', 'shard'] as const) {
      for (const name of this[kind].namesOf(s)) this.unsubscribe(s, kind, name)
    }
  }

  namesOf(s: S, kind: Kind): string[] {
    return this[kind].namesOf(s)
  }

  countOf(s: S, kind: Kind): number {
    return this[kind].countOf(s)
  }

  /** Memory that all its subscriptions take. */
  bytesOf(s: S): number {
    return this.channel.bytesOf(s) + this.pattern.bytesOf(s) + this.shard.bytesOf(s)
  }

  get isEmpty(): boolean {
    return this.channel.names.size + this.pattern.names.size + this.shard.names.size === 0
  }

  /** Number of names with subscribers. */
  size(kind: Kind): number {
    return this[kind].names.size
  }

  /** The names with subscribers, those that match a glob if one is given. */
  active(kind: Kind, glob: Uint8Array | undefined): string[] {
    const names = [...this[kind].names.keys()]
    return glob === undefined ? names : names.filter(name => matches(glob, name))
  }

  subscribers(kind: Kind, name: string): number {
    return this[kind].names.get(name)?.size ?? 0
  }

  /** Hands a message for buf[start, end) to all who listen, in Redis's order; returns how many times. */
  publish(kind: 'channel' | 'shard', buf: Uint8Array, start: number, end: number, deliver: Deliver<S>): number {
    let receivers = 0
    const { names } = this[kind]
    if (names.size > 0) {
      const name = toText(buf, start, end)
      for (const s of names.get(name) ?? []) {
        deliver(s, undefined)
        receivers++
      }
    }
    if (kind === 'shard' || this.globs.size === 0) return receivers
    for (const [pattern, glob] of this.globs) {
      if (!globMatches(glob, 0, glob.length, buf, start, end)) continue
      for (const s of this.pattern.names.get(pattern) ?? []) {
        deliver(s, pattern)
        receivers++
      }
    }
    return receivers
  }
}

function matches(glob: Uint8Array, name: string): boolean {
  const bytes = Buffer.from(name, 'latin1')
  return globMatches(glob, 0, glob.length, bytes, 0, bytes.length)
}
