// Broadcasting: clients that hear of every key that begins with a prefix, whether they have read it or not. What changes in
// a turn of the loop is collected for each prefix and told at the end of it in one message.
//
// The prefix of a client that is bound to a namespace is one of the names that it knows, and nothing else is compared.
//
//   a change costs a comparison for each prefix that somebody has; a turn, a name for each key and prefix

import { fromText, toText } from '../bytes/ascii.ts'
import type { Session } from '../session/session.ts'
import { localStart } from '../store/names.ts'
import type { Namespace } from '../store/namespace.ts'
import { Invalidation } from './invalidation.ts'

/** So many bytes of names are told without waiting for the end of the turn: one chunk may change millions of keys. */
const MOST_BYTES = 1 << 20
/** What a name takes beside its characters. */
const NAME_BYTES = 64

/** Those who hear of keys with one prefix, and what there is to tell. Names are byte strings. */
interface Audience {
  readonly prefix: string
  readonly namespace: Namespace | undefined
  readonly members: Set<Session>
  /** With each key, who changed it last; undefined: the server. */
  readonly changed: Map<string, Session | undefined>
}

const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Nobody's prefix is another one's: a namespace has no slash in its name. */
function idOf(namespace: Namespace | undefined, prefix: string): string {
  return namespace === undefined ? `all ${prefix}` : `one ${namespace.name}/${prefix}`
}

export class Prefixes {
  private readonly audiences = new Map<string, Audience>()
  /** Bytes of names that are to be told. */
  private waitingBytes = 0

  get size(): number {
    return this.audiences.size
  }

  add(session: Session, prefix: string): void {
    const { namespace } = session
    const id = idOf(namespace, prefix)
    const known = this.audiences.get(id)
    if (known === undefined)
      this.audiences.set(id, { prefix, namespace, members: new Set([session]), changed: new Map() })
    else known.members.add(session)
  }

  remove(session: Session): void {
    for (const [id, audience] of this.audiences) {
      if (audience.members.delete(session) && audience.members.size === 0) this.audiences.delete(id)
    }
  }

  /** A key has changed, by somebody or by the server. True when there is so much to tell that it should not wait. */
  note(shown: Uint8Array, by: Session | undefined): boolean {
    for (const { prefix, namespace, changed } of this.audiences.values()) {
      const start = namespace === undefined ? 0 : localStart(shown, namespace)
      if (start < 0) continue
      const name = toText(shown, start, shown.length)
      if (!name.startsWith(prefix)) continue
      if (!changed.has(name)) this.waitingBytes += NAME_BYTES + name.length
      changed.set(name, by)
    }
    return this.waitingBytes >= MOST_BYTES
  }

  /** Tells what has changed since the last time, in Redis's order: prefix by prefix, the keys of each by their bytes. */
  flush(send: (session: Session, invalidation: Invalidation) => void): void {
    if (this.waitingBytes === 0) return
    this.waitingBytes = 0
    const audiences = [...this.audiences.values()].filter(audience => audience.changed.size > 0)
    for (const { members, changed } of audiences.sort((a, b) => inOrder(a.prefix, b.prefix))) {
      const names = [...changed.keys()].sort(inOrder)
      const owners = names.map(name => changed.get(name))
      changed.clear()
      const all = new Invalidation(names.map(fromText))
      for (const session of members) {
        if (session.tracker?.noLoop !== true || !owners.includes(session)) send(session, all)
        else {
          const others = names.filter((_, i) => owners[i] !== session)
          if (others.length > 0) send(session, new Invalidation(others.map(fromText)))
        }
      }
    }
  }
}
