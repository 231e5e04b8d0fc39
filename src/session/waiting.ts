// How a command says that it found nothing and would rather wait. Waiting is data: the command names its keys and a moment,
// returns without a reply, and is run again with the same words when one of the keys may have what it wants
// (waiters.ts). So a blocking command is a function like any other, and of any type:
//
//   for each key word i:   if (ctx.waiting.skips(i)) continue
//                          there is something: take it, reply, return
//   ctx.waiting.isAllowed ? ctx.waiting.ask(TYPE_LIST, first, n, untilMs) : reply what a timeout replies

export class Waiting {
  /** False where a command must answer at once: in a transaction, in a script. */
  isAllowed = true
  /** The command that ran has asked to wait. */
  isAsked = false
  /** What has asked is a pause, before the command could run. */
  isPostponed = false
  /** Only keys of this type are worth another run. */
  type = 0
  /** The words of its keys. */
  first = 0
  keys = 0
  /** Milliseconds of the wall clock; 0 means for ever. */
  untilMs = 0
  /** The word whose key has changed, while the command runs again for that; 0 on the first run. */
  wokenBy = 0

  ask(type: number, first: number, keys: number, untilMs: number): void {
    this.isAsked = true
    this.type = type
    this.first = first
    this.keys = keys
    this.untilMs = untilMs
  }

  postpone(): void {
    this.isAsked = true
    this.isPostponed = true
  }

  /** Woken for one key, a command leaves the others alone, whatever they hold by now. */
  skips(word: number): boolean {
    return this.wokenBy !== 0 && this.wokenBy !== word
  }
}
