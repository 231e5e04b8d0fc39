// What commands see of the server, made once; a test may make one, too.

import type { Words } from '../bytes/words.ts'
import type { Context } from '../commands/command.ts'
import type { Services } from '../commands/services.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import type { Session } from '../session/session.ts'
import { Waiting } from '../session/waiting.ts'
import { Watches } from '../session/watches.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { KeyWalk } from '../store/walk.ts'

export interface ContextOptions {
  readonly keys: Keyspace
  readonly walk: KeyWalk
  readonly services: Services
  readonly reply: ReplyWriter
  readonly maxStringBytes: () => number
}

/** The one context that all commands run with; only session and protocol change from request to request. */
export class RunningContext implements Context {
  session: Session
  readonly keys: Keyspace
  readonly walk: KeyWalk
  readonly reply: ReplyWriter
  readonly services: Services
  readonly waiting = new Waiting()
  readonly watches: Watches
  log: CommandLog | undefined
  runQueued: (requests: readonly Words[], needsMemory: boolean) => void = () => undefined
  private readonly maxBytes: () => number

  constructor(options: ContextOptions, session: Session) {
    this.session = session
    this.keys = options.keys
    this.walk = options.walk
    this.watches = new Watches(options.keys)
    this.reply = options.reply
    this.services = options.services
    this.maxBytes = options.maxStringBytes
  }

  get maxStringBytes(): number {
    return this.maxBytes()
  }
}
