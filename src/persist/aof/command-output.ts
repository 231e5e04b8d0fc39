// Keys as the commands that make them: an append-only file's base, unless that is an RDB file. The commands of other keys may
// stand between those of a large collection.

import type { Keyspace } from '../../store/keyspace.ts'
import type { Place } from '../../store/place.ts'
import { type FileQueue, FULL_BYTES } from '../file-queue.ts'
import type { ChangedKey, SaveFormat, SaveOutput } from '../save-output.ts'
import { CommandLog } from './command-log.ts'
import { logMore, logPart } from './value-commands.ts'

export class CommandOutput implements SaveOutput {
  readonly held = 'nothing'
  readonly order = 'up'
  private readonly keys: Keyspace
  private readonly queue: FileQueue
  private readonly log = new CommandLog()

  /** `nowS`: the time that is noted before the first command, unless it is undefined. */
  constructor(queue: FileQueue, keys: Keyspace, nowS?: number) {
    this.queue = queue
    this.keys = keys
    if (nowS !== undefined) this.log.nowS = () => nowS
  }

  get bytes(): number {
    return this.queue.bytes + this.log.size
  }

  release(): void {
    // Nothing is held.
  }

  key(p: Place): number {
    return this.part(p, 0)
  }

  part(p: Place, from: number): number {
    const next = logPart(this.log, this.keys, p, from)
    if (this.log.size > FULL_BYTES) this.handOver()
    return next
  }

  begin(): void {
    // Commands need no beginning.
  }

  more(key: ChangedKey): boolean {
    const isMore = logMore(this.log, key)
    if (this.log.size > FULL_BYTES) this.handOver()
    return isMore
  }

  end(): void {
    if (this.log.size > 0) this.handOver()
  }

  private handOver(): void {
    const { log } = this
    log.buf = this.queue.put(log.buf, log.size)
    log.size = 0
  }
}

export function commandFormat(nowS?: number): SaveFormat {
  return (queue, keys) => new CommandOutput(queue, keys, nowS)
}
