// Keyspace notifications: what happens to keys, as messages on channels (notify-keyspace-events). It listens to the keyspace
// only while the setting asks for something.
//
//   K   __keyspace@<db>__:<key>    with the event as message
//   E   __keyevent@<db>__:<event>  with the key as message
//
// Keys are named as the listener sees them: `ns/key`, to one that is bound to the namespace `key`.
//
// Which letter an event belongs to is Redis's (notify.c and the calls of notifyKeyspaceEvent).

import { toText } from '../bytes/ascii.ts'
import { displayName, namespaceName } from '../store/names.ts'
import type { ChangeObserver } from '../store/observers.ts'
import type { Place } from '../store/place.ts'
import type { Channels } from './channels.ts'
import type { ChannelSpaces } from './spaces.ts'

/** Events by the letter of their class. */
const CLASSES: Readonly<Record<string, string>> = {
  g: 'del rename_from rename_to move_from move_to copy_to restore expire persist',
  $: 'set setrange incrby incrbyfloat append setbit pfadd',
  l: 'lpush rpush lpop rpop linsert lset lrem ltrim sortstore',
  s: 'sadd srem spop sinterstore sunionstore sdiffstore',
  h: 'hset hdel hincrby hincrbyfloat hexpire hpersist hexpired',
  z:
    'zadd zincr zrem zremrangebyscore zremrangebyrank zremrangebylex zpopmin zpopmax zunionstore zinterstore ' +
    'zdiffstore zrangestore geosearchstore georadiusstore',
  x: 'expired',
  e: 'evicted',
  n: 'new',
  m: 'keymiss',
}

const LETTER_OF = new Map(
  Object.entries(CLASSES).flatMap(([letter, events]) => events.split(' ').map(event => [event, letter] as const)),
)
const ALL = 'g$lshzxetd'

/** Sends a message to those who listen to `channel` among `channels`; both texts are byte strings. */
export type Send<S extends object> = (channels: Channels<S>, channel: string, text: string) => void

export class KeyEvents<S extends object> implements ChangeObserver {
  private letters = new Set<string>()
  private byKey = false
  private byEvent = false
  private readonly spaces: ChannelSpaces<S>
  private readonly send: Send<S>

  constructor(spaces: ChannelSpaces<S>, send: Send<S>) {
    this.spaces = spaces
    this.send = send
  }

  /** Takes over the setting; true when anything is to be sent. */
  configure(letters: string): boolean {
    this.letters = new Set(letters.replace('A', ALL))
    this.byKey = this.letters.has('K')
    this.byEvent = this.letters.has('E')
    return (this.byKey || this.byEvent) && this.letters.size > (this.byKey && this.byEvent ? 2 : 1)
  }

  wants(letter: string): boolean {
    return this.letters.has(letter)
  }

  changed(p: Place, event: string): void {
    if (!this.letters.has(LETTER_OF.get(event) ?? '')) return
    const { spaces } = this
    this.tell(spaces.common, p.db, displayName(p), event)
    if (spaces.isAnyOpen) this.tell(spaces.of(namespaceName(p)), p.db, toText(p.buf, p.keyStart, p.keyEnd), event)
  }

  private tell(channels: Channels<S>, db: number, key: string, event: string): void {
    if (channels.isEmpty) return
    if (this.byKey) this.send(channels, `__keyspace@${db}__:${key}`, event)
    if (this.byEvent) this.send(channels, `__keyevent@${db}__:${event}`, key)
  }

  flushed(): void {
    // FLUSHALL and FLUSHDB send nothing.
  }
}
