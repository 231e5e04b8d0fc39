// The pauses that CLIENT PAUSE has begun: one that holds everybody, and one for each namespace whose own clients asked for
// it. As in Redis a pause that is renewed keeps the stricter kind and the later end.
//
// Who keeps the requests that are held, and sets them going again, is server/paused.ts.

import { CommandError } from '../resp/errors.ts'
import type { Session } from './session.ts'

/** `write` holds what may change data or be passed on to replicas. */
export type PauseKind = 'write' | 'all'

interface Pause {
  kind: PauseKind
  /** It lasts through this millisecond. */
  untilMs: number
}

/** Pauses of namespaces at one time. */
const MOST_PAUSES = 1024
const TOO_MANY = new CommandError('ERR too many namespaces are paused')

export class Pauses {
  /** By the name of the namespace; undefined for everybody. */
  private readonly byNamespace = new Map<string | undefined, Pause>()

  get isEmpty(): boolean {
    return this.byNamespace.size === 0
  }

  /** Whether everybody is paused: nothing changes the data then, time neither. */
  get holdsEverybody(): boolean {
    return this.byNamespace.has(undefined)
  }

  /** The moment after which the first of them is over. */
  get earliestMs(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const { untilMs } of this.byNamespace.values()) earliest = Math.min(earliest, untilMs)
    return earliest
  }

  begin(by: Session, kind: PauseKind, untilMs: number): void {
    const name = by.namespace?.name
    const pause = this.byNamespace.get(name)
    if (pause === undefined) {
      if (this.byNamespace.size >= MOST_PAUSES) throw TOO_MANY
      this.byNamespace.set(name, { kind, untilMs })
      return
    }
    if (kind === 'all') pause.kind = 'all'
    pause.untilMs = Math.max(pause.untilMs, untilMs)
  }

  /** Ends the pauses of all whom the client sees. */
  end(by: Session): void {
    if (by.namespace === undefined) this.byNamespace.clear()
    else this.byNamespace.delete(by.namespace.name)
  }

  /** Ends those whose time is over. */
  endOverdue(nowMs: number): void {
    for (const [name, { untilMs }] of this.byNamespace) if (untilMs < nowMs) this.byNamespace.delete(name)
  }

  /** What holds a client's requests. */
  kindFor(session: Session): PauseKind | undefined {
    const everybody = this.byNamespace.get(undefined)?.kind
    if (session.namespace === undefined || everybody === 'all') return everybody
    return this.byNamespace.get(session.namespace.name)?.kind ?? everybody
  }
}
