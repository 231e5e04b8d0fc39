// A key as the commands that make it: what the append-only file's base consists of when it is no RDB file, and what is
// logged where the request itself would not do the same again. Big collections come in several commands, as in Redis.

import { copy, fromText } from '../../bytes/ascii.ts'
import { deadlineMs, entryType, isTimed, stringLength, stringStart } from '../../store/entry.ts'
import type { Place } from '../../store/place.ts'
import { Hash } from '../../values/hash.ts'
import { List } from '../../values/list.ts'
import { SetValue } from '../../values/set.ts'
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_ZSET } from '../../values/types.ts'
import { type Value, type ValueHost, VISIT_END } from '../../values/value.ts'
import { SortedSet } from '../../values/zset.ts'
import { type ChangedKey, elementsOfPart } from '../save-output.ts'
import type { CommandLog } from './command-log.ts'

/** Elements of one command (Redis's AOF_REWRITE_ITEMS_PER_CMD). */
const ELEMENTS_PER_COMMAND = 64

const STRING_PART_BYTES = 256 << 10
const FIRST_TEXT_BYTES = 16 << 10
const KEPT_TEXT_BYTES = 1 << 20

const SET = fromText('SET')
const APPEND = fromText('APPEND')
const DEL = fromText('DEL')
const PEXPIREAT = fromText('PEXPIREAT')
const HPEXPIREAT = fromText('HPEXPIREAT')
const FIELDS = fromText('FIELDS')

interface Adding {
  readonly view: Value
  readonly name: Uint8Array
  /** How the command takes the visits of one element; the third of a field is its deadline. */
  readonly order: readonly number[]
}

/** By type: the command that adds elements. */
const ADDING: Readonly<Record<number, Adding>> = {
  [TYPE_LIST]: { view: new List(), name: fromText('RPUSH'), order: [0] },
  [TYPE_SET]: { view: new SetValue(), name: fromText('SADD'), order: [0] },
  [TYPE_ZSET]: { view: new SortedSet(), name: fromText('ZADD'), order: [1, 0] },
  [TYPE_HASH]: { view: new Hash(), name: fromText('HSET'), order: [0, 1] },
}

/** Where logPart is at the end. */
export const ALL_LOGGED = VISIT_END

/** Logs what makes the key at `p`, which exists, from nothing. */
export function logKey(log: CommandLog, host: ValueHost, p: Place): void {
  let from = 0
  while (from !== ALL_LOGGED) from = logPart(log, host, p, from)
}

/** Logs what makes the key at `p` as it is, whatever was there. */
export function logWhole(log: CommandLog, host: ValueHost, p: Place): void {
  log.command(p.db, 2).text(DEL).shown(p)
  if (p.entry !== 0) logKey(log, host, p)
}

/**
 * Logs some of the elements of the key at `p`, from the place on that the last call has returned, 0 at first; with the last
 * ones the deadline. Returns the place behind them, or ALL_LOGGED.
 */
export function logPart(log: CommandLog, host: ValueHost, p: Place, from: number): number {
  const a = p.shard.arena
  const e = p.entry
  const type = entryType(a, e)
  const adding = ADDING[type]
  const next = adding === undefined ? logString(log, p, from) : logElements(log, host, p, adding, from)
  if (next === ALL_LOGGED && isTimed(a, e)) log.command(p.db, 3).text(PEXPIREAT).shown(p).int(deadlineMs(a, e))
  return next
}

/** A long one in several commands, so that others may come in between. */
function logString(log: CommandLog, p: Place, from: number): number {
  const a = p.shard.arena
  const start = stringStart(a, p.entry)
  const length = stringLength(a, p.entry)
  const to = Math.min(length, from + STRING_PART_BYTES)
  log
    .command(p.db, 3)
    .text(from === 0 ? SET : APPEND)
    .shown(p)
    .bytes(a.u8, start + from, start + to)
  return to === length ? ALL_LOGGED : to
}

function logElements(log: CommandLog, host: ValueHost, p: Place, adding: Adding, from: number): number {
  const a = p.shard.arena
  const { view } = adding
  view.aim(host, a, a.i32[p.entry >> 2], a.u8[p.entry + 6] & 15)
  texts.clear()
  const next = view.visitFrom(from, Math.min(ELEMENTS_PER_COMMAND, elementsOfPart(view)), texts.add)
  logTexts(log, p, adding)
  return next
}

/** Logs the next elements of a key that has changed; with the last ones the deadline. False: those were the last. */
export function logMore(log: CommandLog, { place, type, deadline, rest }: ChangedKey): boolean {
  const adding = ADDING[type]
  texts.clear()
  const isMore = rest.next(Math.min(ELEMENTS_PER_COMMAND, elementsOfPart(rest)), texts.add)
  if (adding !== undefined) logTexts(log, place, adding)
  if (!isMore && deadline !== 0) log.command(place.db, 3).text(PEXPIREAT).shown(place).int(deadline)
  return isMore
}

/** Logs the command that adds the elements whose texts there are. */
function logTexts(log: CommandLog, p: Place, { view, name, order }: Adding): void {
  if (texts.count === 0) return
  log
    .command(p.db, 2 + (texts.count / view.width) * order.length)
    .text(name)
    .shown(p)
  for (let i = 0; i < texts.count; i += view.width) {
    for (const part of order) texts.log(log, i + part)
  }
  if (view.width === 3) logFieldDeadlines(log, p)
}

function logFieldDeadlines(log: CommandLog, p: Place): void {
  for (let i = 0; i < texts.count; i += 3) {
    if (texts.isEmpty(i + 2)) continue
    log.command(p.db, 6).text(HPEXPIREAT).shown(p)
    texts.log(log, i + 2)
    log.text(FIELDS).int(1)
    texts.log(log, i)
  }
}

/** Elements that were visited: how many there are stands before them in a command. One for all, so that none is garbage. */
class Texts {
  count = 0
  private u8 = new Uint8Array(FIRST_TEXT_BYTES)
  private readonly ends: number[] = []

  clear(): void {
    this.count = 0
    if (this.u8.length > KEPT_TEXT_BYTES) this.u8 = new Uint8Array(FIRST_TEXT_BYTES)
  }

  readonly add = (buf: Uint8Array, start: number, end: number): void => {
    const at = this.startOf(this.count)
    const to = at + end - start
    if (to > this.u8.length) {
      const larger = new Uint8Array(2 * to)
      larger.set(this.u8.subarray(0, at))
      this.u8 = larger
    }
    this.ends[this.count++] = copy(this.u8, at, buf, start, end)
  }

  private startOf(i: number): number {
    return i === 0 ? 0 : (this.ends[i - 1] as number)
  }

  isEmpty(i: number): boolean {
    return this.startOf(i) === this.ends[i]
  }

  log(log: CommandLog, i: number): void {
    log.bytes(this.u8, this.startOf(i), this.ends[i] as number)
  }
}

const texts = new Texts()
