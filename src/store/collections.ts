// The verbs of collections: look one up, make one, change it, and say that it was changed. A command aims a view at a
// value with one of the first four and ends with commitValue; what lies between is the view's business.
//
// Accounting: between beginValue (done by open and make) and commitValue all that the arena hands out or takes back counts
// for this one value. So a command that changes two values commits or settles the first, then calls beginValue for the
// second; and it looks up all its keys before it changes anything, because a look-up may free an expired key.
// When a command fails in between, the dispatcher calls abandonValue: accounts hold, an empty value does not stay.

import type { Words } from '../bytes/words.ts'
import { OOM_ARENA, WRONGTYPE } from '../resp/errors.ts'
import { ROOT_ALLOCATED, type Value, type ValueHost } from '../values/value.ts'
import { FLAG_OUTSIDE } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { Place } from './place.ts'

type Reading = Pick<Keyspace, 'at' | 'other' | 'read' | 'peekOther' | 'limits' | 'hasher' | 'random' | 'nowMs'>

/** Aims `v` at the value of the key at `p`; false without a key. Throws WRONGTYPE. */
function aim(host: ValueHost, p: Place, v: Value): boolean {
  const e = p.entry
  if (e === 0) return false
  const { arena } = p.shard
  const kind = arena.u8[e + 6]
  if (kind >> 4 !== v.type) throw WRONGTYPE
  v.aim(host, arena, arena.i32[e >> 2], kind & 15)
  return true
}

/** A reader's look-up of the key in word `i`: counted as hit or miss, touched. False: there is none. Throws WRONGTYPE. */
export function readValue(keys: Reading, words: Words, i: number, v: Value): boolean {
  keys.read(words, i)
  return aim(keys, keys.at, v)
}

/** The same for a second key beside the first, at keys.other. */
export function readOtherValue(keys: Reading, words: Words, i: number, v: Value): boolean {
  keys.peekOther(words, i)
  return aim(keys, keys.other, v)
}

/** A writer's look-up at keys.at; the value may be changed then. False: there is no key. Throws WRONGTYPE. */
export function openValue(keys: Keyspace, words: Words, i: number, v: Value): boolean {
  if (!seekValue(keys, words, i, v)) return false
  beginValue(keys, keys.at, v)
  return true
}

/** The same for a writer that often finds nothing to change: beginValue comes before its first change, if there is one. */
export function seekValue(keys: Keyspace, words: Words, i: number, v: Value): boolean {
  keys.open(words, i)
  return aim(keys, keys.at, v)
}

/** The same at keys.other. The value at keys.at must be begun anew afterwards if it is changed first. */
export function openOtherValue(keys: Keyspace, words: Words, i: number, v: Value): boolean {
  if (keys.find(keys.other, words, i) !== 0 && keys.touching) keys.touch(keys.other)
  if (!aim(keys, keys.other, v)) return false
  beginValue(keys, keys.other, v)
  return true
}

/** Aims `v` at the value of the key that `p` has found already, to be changed. Throws WRONGTYPE. */
export function openAt(keys: Keyspace, p: Place, v: Value): void {
  if (aim(keys, p, v)) beginValue(keys, p, v)
}

/** From here to commitValue or settleValue the value at `p` is changed, and nothing else in its arena. */
export function beginValue(keys: Keyspace, p: Place, v: Value): void {
  keys.saveFirst(p)
  v.allocatedBefore = v.a.allocatedBytes
  v.logicalBefore = v.logical
  keys.changing = v
  keys.changingAt = p
}

/** Throws OOM, before any change, unless `bytes` more fit below the limit and into the arena of `p`. */
export function room(keys: Keyspace, p: Place, bytes: number): void {
  keys.fit(bytes)
  if (!p.shard.arena.hasRoom(bytes)) throw OOM_ARENA
}

/** Gives the key at `p`, which does not exist, a new empty value, to be filled and committed. Throws OOM before any change. */
export function makeValue(keys: Keyspace, p: Place, v: Value, deadline = 0): void {
  buildValue(keys, p, v)
  attach(keys, p, v, deadline)
  beginValue(keys, p, v)
}

/** Aims `v` at a new empty value in the arena of `p` that belongs to no key yet: for replaceValue or dropBuilt. */
export function buildValue(keys: Keyspace, p: Place, v: Value): void {
  const { arena } = p.shard
  v.allocatedBefore = arena.allocatedBytes
  v.create(keys, arena)
  v.logicalBefore = 0
}

/**
 * Throws OOM unless the value from buildValue fits below the limit: what will be there then counts, and not what is there only
 * while it and the present value of the key at `p` both are.
 */
export function fitBuilt(keys: Keyspace, p: Place, v: Value): void {
  keys.fitBeside(p.entry === 0 ? 0 : -keys.valueAllocated(p.shard.arena, p.entry), v)
}

/** Frees a value from buildValue that no key is to have. */
export function dropBuilt(v: Value): void {
  v.release()
}

/**
 * The value from buildValue becomes what the key at `p` holds, whatever was there; `deadline` in ms, 0 for none. Without
 * announcing it. Throws OOM, and the value is freed then.
 */
export function replaceValue(keys: Keyspace, p: Place, v: Value, deadline: number): void {
  v.complete()
  attach(keys, p, v, deadline)
}

/** Enters a built value under the key at `p`. */
function attach(keys: Keyspace, p: Place, v: Value, deadline: number): void {
  const { a, root, form } = v
  const allocated = a.allocatedBytes - v.allocatedBefore
  a.i32[(root + ROOT_ALLOCATED) >> 2] = allocated
  try {
    keys.put(p, (v.type << 4) | form, root, FLAG_OUTSIDE, 0, deadline, v.logical)
  } catch (error) {
    v.release()
    throw error
  }
  keys.account(p.ns, a, 0, allocated)
  // What was there before may have been released through this very view (values/views.ts).
  v.aim(keys, a, root, form)
  v.own(p.entry, p.ns)
}

/** Ends a change without announcing it: accounts, and notes where the value is now. An empty one stays for the moment. */
export function settleValue(keys: Keyspace, p: Place, v: Value): void {
  const { a, root } = v
  const allocated = a.allocatedBytes - v.allocatedBefore
  const { logical } = v
  a.i32[(root + ROOT_ALLOCATED) >> 2] += allocated
  a.i32[p.entry >> 2] = root
  a.u8[p.entry + 6] = (v.type << 4) | v.form
  keys.account(p.ns, a, logical - v.logicalBefore, allocated)
  v.own(p.entry, p.ns)
  v.allocatedBefore += allocated
  v.logicalBefore = logical
  keys.changing = undefined
}

/** The line that a change ends with: accounts, announces, and takes the key away when the value is empty. */
export function commitValue(keys: Keyspace, p: Place, v: Value, event: string): void {
  settleValue(keys, p, v)
  keys.commit(p, event)
  dropIfEmpty(keys, p, v)
}

/** After settleValue or a commit: an empty value's key is removed, and 'del' announced. True when it was. */
export function dropIfEmpty(keys: Keyspace, p: Place, v: Value): boolean {
  if (!v.isEmpty) return false
  keys.drop(p)
  keys.announce(p, 'del')
  return true
}

/** A command failed while it was changing a value: what it had done stays, the accounts are set right. */
export function abandonValue(keys: Keyspace): void {
  const { changing: v, changingAt: p } = keys
  if (v === undefined) return
  settleValue(keys, p, v)
  // One whose fields are all due was there before: it goes when its clock fires, and is announced then.
  if (v.stored === 0) keys.drop(p)
}
