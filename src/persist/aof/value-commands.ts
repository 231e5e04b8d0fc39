// A key as the commands that make it: what the append-only file's base consists of when it is no RDB file, and what is
// logged where the request itself would not do the same again. Big collections come in several commands, as in Redis.

import { fromText } from '../../bytes/ascii.ts'
import { deadlineMs, entryType, isTimed, stringLength, stringStart } from '../../store/entry.ts'
import type { Place } from '../../store/place.ts'
import { Hash } from '../../values/hash.ts'
import { List } from '../../values/list.ts'
import { SetValue } from '../../values/set.ts'
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_ZSET } from '../../values/types.ts'
import { type Value, type ValueHost, VISIT_END } from '../../values/value.ts'
import { SortedSet } from '../../values/zset.ts'
import type { CommandLog } from './command-log.ts'

/** Elements of one command (Redis's AOF_REWRITE_ITEMS_PER_CMD). */
const ELEMENTS_PER_COMMAND = 64

const SET = fromText('SET')
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
  const next = adding === undefined ? logString(log, p) : logElements(log, host, p, adding, from)
  if (next === ALL_LOGGED && isTimed(a, e)) log.command(p.db, 3).text(PEXPIREAT).shown(p).int(deadlineMs(a, e))
  return next
}

function logString(log: CommandLog, p: Place): number {
  const a = p.shard.arena
  const start = stringStart(a, p.entry)
  log
    .command(p.db, 3)
    .text(SET)
    .shown(p)
    .bytes(a.u8, start, start + stringLength(a, p.entry))
  return ALL_LOGGED
}

function logElements(log: CommandLog, host: ValueHost, p: Place, { view, name, order }: Adding, from: number): number {
  const a = p.shard.arena
  view.aim(host, a, a.i32[p.entry >> 2], a.u8[p.entry + 6] & 15)
  const visited: Uint8Array[] = []
  const next = view.visitFrom(from, ELEMENTS_PER_COMMAND, (buf, start, end) => visited.push(buf.slice(start, end)))
  if (visited.length === 0) return next
  log
    .command(p.db, 2 + (visited.length / view.width) * order.length)
    .text(name)
    .shown(p)
  for (let i = 0; i < visited.length; i += view.width) {
    for (const part of order) log.text(visited[i + part] as Uint8Array)
  }
  if (view.width === 3) logFieldDeadlines(log, p, visited)
  return next
}

function logFieldDeadlines(log: CommandLog, p: Place, visited: readonly Uint8Array[]): void {
  for (let i = 0; i < visited.length; i += 3) {
    const deadline = visited[i + 2] as Uint8Array
    if (deadline.length === 0) continue
    log.command(p.db, 6).text(HPEXPIREAT).shown(p).text(deadline).text(FIELDS).int(1)
    log.text(visited[i] as Uint8Array)
  }
}
