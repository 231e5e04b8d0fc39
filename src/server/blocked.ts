// Runs the requests of blocked clients again when their keys change, and sends them away when their time is over. It is
// called between commands, so what it runs is as whole as any command; as in Redis the waiters of a key are served in the
// order in which they came, and a push that serves one (BLMOVE) may serve others at once.
//
// A client that waits is not served; what it sends meanwhile stays in its parser and in connection.kept.

import type { Args } from '../commands/args.ts'
import { UNBLOCKED_BY_CLIENT } from '../resp/errors.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import type { Session } from '../session/session.ts'
import { type KeyQueue, type Waiter, Waiters } from '../session/waiters.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Dispatcher } from './dispatcher.ts'

/** setTimeout counts no further than 24 days. */
const LONGEST_TIMER_MS = 86_400_000

export type Release = 'timeout' | 'error'

/** What the connections do for it. */
export interface BlockedHost {
  /** What is written from here on is for this client; undefined: again for the one that is being served. */
  writeTo(session: Session | undefined): void
  /** The client has its reply and waits no more. */
  deliver(session: Session): void
  /** Serves what unblocked clients have sent meanwhile. */
  goOn(): void
}

export class Blocked {
  readonly waiters: Waiters<Args>
  private readonly dispatcher: Dispatcher
  private readonly reply: ReplyWriter
  private readonly host: BlockedHost
  private readonly nowMs: () => number
  private released: { readonly waiter: Waiter<Args>; readonly how: Release }[] = []
  /** Those whose wait for something else than keys is over. */
  private readonly woken = new Set<Session>()
  private timer: Timer | undefined
  private timerMs = 0
  private readonly onTimer = (): void => {
    this.timer = undefined
    this.endWaits()
  }

  constructor(keys: Keyspace, dispatcher: Dispatcher, reply: ReplyWriter, host: BlockedHost, nowMs: () => number) {
    this.waiters = new Waiters(keys)
    this.dispatcher = dispatcher
    this.reply = reply
    this.host = host
    this.nowMs = nowMs
  }

  /** Whether there is something to do after the command that ran. */
  get isDue(): boolean {
    return this.waiters.isReady || this.released.length > 0 || this.woken.size > 0
  }

  /** The command that ran asked to wait. */
  park(session: Session, request: Args): void {
    const { waiting } = this.dispatcher.context
    waiting.isAsked = false
    this.waiters.add(session, request.kept(), waiting)
    this.schedule()
  }

  /** CLIENT UNBLOCK; takes effect when the command that asks for it is done. False: the client does not wait. */
  release(session: Session, how: Release): boolean {
    const waiter = this.waiters.of(session)
    // Who waits for no key has begun what cannot be taken back.
    if (waiter === undefined || waiter.queues.length === 0 || this.released.some(one => one.waiter === waiter))
      return false
    this.released.push({ waiter, how })
    return true
  }

  /** What the client waits for that is no key has come: its request runs again. Called between commands. */
  wake(session: Session): void {
    this.woken.add(session)
    this.dispatcher.context.keys.setNow(this.nowMs())
    this.settle()
    this.host.goOn()
  }

  /** The client is gone. */
  forget(session: Session): void {
    this.woken.delete(session)
    const waiter = this.waiters.of(session)
    if (waiter !== undefined) this.waiters.remove(waiter)
  }

  /** Serves whom the last command has made something ready for, and whom that serves in turn. */
  settle(): void {
    for (const { waiter, how } of this.released.splice(0)) {
      if (this.waiters.of(waiter.session) === waiter) this.dismiss(waiter, how)
    }
    for (const session of this.woken) this.rouse(session)
    while (this.waiters.isReady) for (const queue of this.waiters.takeReady()) this.serve(queue)
    this.host.writeTo(undefined)
  }

  private rouse(session: Session): void {
    const waiter = this.waiters.of(session)
    // After the pause there is another chance.
    if (waiter !== undefined && this.dispatcher.held.isPaused(session)) return
    this.woken.delete(session)
    if (waiter === undefined) return
    this.host.writeTo(session)
    if (this.waiters.of(session) !== waiter) return
    if (this.dispatcher.again(session, waiter.request, waiter.first)) this.finish(waiter)
  }

  private serve(queue: KeyQueue): void {
    for (const one of queue.waiters) {
      const type = this.waiters.typeOf(queue)
      if (type < 0) return
      const waiter = one as Waiter<Args>
      if (waiter.type !== type || this.dispatcher.held.isPaused(waiter.session)) continue
      this.host.writeTo(waiter.session)
      // What was written so far may have left now, and been too much for this client.
      if (this.waiters.of(waiter.session) !== waiter) continue
      if (this.dispatcher.again(waiter.session, waiter.request, waiter.wordOf(queue))) this.finish(waiter)
    }
  }

  private dismiss(waiter: Waiter<Args>, how: Release): void {
    this.host.writeTo(waiter.session)
    if (this.waiters.of(waiter.session) !== waiter) return
    const { protocol } = this.reply
    this.reply.protocol = waiter.session.protocol
    if (how === 'timeout') this.reply.nullArray()
    else this.dispatcher.endWait(waiter.request, UNBLOCKED_BY_CLIENT)
    this.reply.protocol = protocol
    this.finish(waiter)
  }

  private finish(waiter: Waiter<Args>): void {
    this.waiters.remove(waiter)
    this.host.deliver(waiter.session)
  }

  /** Sends away whose time is over. */
  endWaits(): void {
    const nowMs = this.nowMs()
    for (let waiter = this.waiters.overdue(nowMs); waiter !== undefined; waiter = this.waiters.overdue(nowMs)) {
      this.dismiss(waiter, 'timeout')
    }
    this.host.writeTo(undefined)
    this.schedule()
    this.host.goOn()
  }

  /** One timer for all: for the earliest moment. */
  private schedule(): void {
    const { earliestMs } = this.waiters
    if (earliestMs === undefined || (this.timer !== undefined && this.timerMs <= earliestMs)) return
    clearTimeout(this.timer)
    const delay = Math.min(LONGEST_TIMER_MS, Math.max(1, earliestMs - this.nowMs()))
    this.timerMs = earliestMs
    this.timer = setTimeout(this.onTimer, delay)
    this.timer.unref()
  }

  stop(): void {
    clearTimeout(this.timer)
  }
}
