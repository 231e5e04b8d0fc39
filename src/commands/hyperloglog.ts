// HyperLogLogs, which are strings in Redis's bytes: PFADD, PFCOUNT, PFMERGE. A dense one is changed where it lies, a sparse one
// in a draft that takes its place when all elements are in.

import { copy } from '../bytes/ascii.ts'
import { INVALID_HYPERLOGLOG, NOT_HYPERLOGLOG } from '../resp/errors.ts'
import { entryEncoding, setEncoding, stringLength, stringStart } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'
import { editString, expectString, makeString, resizeString } from '../store/strings.ts'
import { CORRUPT, Draft, RAISED } from '../values/hll-draft.ts'
import {
  forgetCount,
  Histogram,
  hasCount,
  isDense,
  isHyperLogLog,
  keepCount,
  keptCount,
  mergeInto,
  placeOf,
  REGISTERS,
  raiseDense,
  registerOf,
  runOf,
} from '../values/hyperloglog.ts'
import { RAW } from '../values/string.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { GROW_ONE } from './key-specs.ts'

const draft = new Draft()
const histogram = new Histogram()
/** Registers of several values together. */
const union = new Uint8Array(REGISTERS)

/** WRONGTYPE unless the key at `p`, which exists, holds a HyperLogLog. */
export function expectHyperLogLog(p: Place): void {
  expectString(p)
  const a = p.shard.arena
  const start = stringStart(a, p.entry)
  if (!isHyperLogLog(a.u8, start, start + stringLength(a, p.entry))) throw NOT_HYPERLOGLOG
}

/** Makes the encoding raw, as Redis does before it looks into a string. Returns whether it was another. */
export function makeRaw(keys: Pick<Keyspace, 'saveFirst'>, p: Place): boolean {
  const a = p.shard.arena
  if (entryEncoding(a, p.entry) === RAW) return false
  keys.saveFirst(p)
  setEncoding(a, p.entry, RAW)
  return true
}

/** The draft becomes the value at `p`, which keeps its deadline. Throws OOM before any change. */
export function storeDraft(ctx: WriteContext, p: Place): void {
  const { keys } = ctx
  const a = p.shard.arena
  const { length } = draft
  const old = p.entry === 0 ? -1 : stringLength(a, p.entry)
  let start: number
  // A dense value never grows again, so it gets no room on top.
  if (old < 0 || (draft.isDense && old !== length)) {
    start = makeString(keys, p, length, RAW, old < 0 ? 0 : keys.deadline(p))
  } else if (old === length) {
    makeRaw(keys, p)
    start = editString(keys, p)
  } else start = resizeString(keys, p, length)
  copy(a.u8, start, draft.bytes, 0, length)
}

/** The value at `p`, or an empty one, goes into the draft. */
export function loadDraft(p: Place): Draft {
  const a = p.shard.arena
  if (p.entry === 0) draft.begin()
  else {
    const start = stringStart(a, p.entry)
    draft.load(a.u8, start, start + stringLength(a, p.entry))
  }
  return draft
}

function pfadd(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const p = keys.at
  const e = keys.open(args, 1)
  if (e !== 0) {
    expectHyperLogLog(p)
    keys.saveFirst(p)
  }
  const a = p.shard.arena
  const dense = e !== 0 && isDense(a.u8, stringStart(a, e))
  const raised = dense ? addToDense(args, p) : addToDraft(ctx, args, p)
  if (dense && raised) forgetCount(a.u8, stringStart(a, e))
  else if (e === 0 || raised) {
    draft.forgetCount()
    storeDraft(ctx, p)
  }
  const spelledAnew = makeRaw(keys, p)
  if (e === 0 || raised) keys.commit(p, 'pfadd')
  else if (spelledAnew) keys.respelled(p)
  reply.int(e === 0 || raised ? 1 : 0)
}

/** Adds the elements from word 2 on to the dense value at `p`; whether any was new. */
function addToDense(args: Args, p: Place): boolean {
  const { u8 } = p.shard.arena
  const start = stringStart(p.shard.arena, p.entry)
  let raised = false
  for (let i = 2; i < args.count; i++) {
    const place = placeOf(args.buf, args.starts[i], args.ends[i])
    if (raiseDense(u8, start, registerOf(place), runOf(place))) raised = true
  }
  return raised
}

/** Adds the elements from word 2 on to a draft of the value at `p`; whether any was new. */
function addToDraft(ctx: WriteContext, args: Args, p: Place): boolean {
  const limit = ctx.keys.limits.hllSparseMaxBytes
  let raised = false
  loadDraft(p)
  for (let i = 2; i < args.count; i++) {
    const place = placeOf(args.buf, args.starts[i], args.ends[i])
    const result = draft.raise(registerOf(place), runOf(place), limit)
    if (result === CORRUPT) throw INVALID_HYPERLOGLOG
    if (result === RAISED) raised = true
  }
  return raised
}

/** Takes the registers of the keys in all words from `from` on together in `union`. Whether one of them was dense. */
function unite(ctx: ReadContext, args: Args, from: number): boolean {
  const p = ctx.keys.at
  let dense = false
  union.fill(0)
  for (let i = from; i < args.count; i++) {
    if (ctx.keys.read(args, i) === 0) continue
    expectHyperLogLog(p)
    const a = p.shard.arena
    const start = stringStart(a, p.entry)
    if (!mergeInto(union, a.u8, start, start + stringLength(a, p.entry))) throw INVALID_HYPERLOGLOG
    if (isDense(a.u8, start)) dense = true
  }
  return dense
}

function pfcount(ctx: ReadContext, args: Args): void {
  const { keys, reply } = ctx
  const p = keys.at
  if (args.count > 2) {
    unite(ctx, args, 1)
    histogram.ofBytes(union)
    replyCount(ctx, histogram.estimate())
    return
  }
  const e = keys.read(args, 1)
  if (e === 0) {
    reply.int(0)
    return
  }
  expectHyperLogLog(p)
  const a = p.shard.arena
  const start = stringStart(a, e)
  if (hasCount(a.u8, start)) {
    const kept = keptCount(a.u8, start)
    reply.int64(kept)
    if (makeRaw(keys, p)) keys.respelled(p)
    return
  }
  if (!histogram.ofValue(a.u8, start, start + stringLength(a, e))) throw INVALID_HYPERLOGLOG
  const count = histogram.estimate()
  keepCount(a.u8, editString(keys, p), count)
  makeRaw(keys, p)
  keys.respelled(p)
  replyCount(ctx, count)
}

function replyCount(ctx: ReadContext, count: number): void {
  if (Number.isSafeInteger(count)) ctx.reply.int(count)
  else ctx.reply.int64(BigInt.asIntN(64, BigInt(count)))
}

function pfmerge(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const p = keys.at
  const limit = keys.limits.hllSparseMaxBytes
  const dense = unite(ctx, args, 1)
  keys.open(args, 1)
  loadDraft(p)
  if (dense && !draft.toDense()) throw INVALID_HYPERLOGLOG
  for (let i = 0; i < REGISTERS; i++) if (union[i] !== 0) draft.raise(i, union[i], limit)
  draft.forgetCount()
  storeDraft(ctx, p)
  keys.commit(p, 'pfadd')
  reply.ok()
}

export const hyperLogLogCommands: readonly Command[] = [
  {
    name: 'pfadd',
    syntax: 'key [element [element ...]]',
    effect: 'write',
    group: 'hyperloglog',
    since: '2.8.9',
    complexity: 'O(1) for each element',
    summary: 'Adds elements to a HyperLogLog; says whether its estimate may have changed.',
    flags: ['denyoom', 'fast'],
    keys: GROW_ONE,
    run: pfadd,
  },
  {
    name: 'pfcount',
    syntax: 'key [key ...]',
    effect: 'read',
    group: 'hyperloglog',
    since: '2.8.9',
    complexity: 'O(1) for one key whose count is known, O(N) with a large constant for N keys',
    summary: 'Estimates how many different elements were added to one or several HyperLogLogs.',
    flags: [],
    keys: [{ at: 1, last: -1, step: 1, flags: ['RW', 'access'], notes: 'The count of a single key is kept in it.' }],
    whilePaused: 'waits',
    run: pfcount,
  },
  {
    name: 'pfmerge',
    syntax: 'destkey(key) sourcekey(key) [sourcekey(key) ...]',
    arity: -2,
    effect: 'write',
    group: 'hyperloglog',
    since: '2.8.9',
    complexity: 'O(N) for N keys, with a large constant',
    summary: 'Adds what several HyperLogLogs have seen to another one.',
    flags: ['denyoom'],
    keys: [
      { at: 1, last: 0, step: 1, flags: ['RW', 'access', 'insert'] },
      { at: 2, last: -1, step: 1, flags: ['RO', 'access'] },
    ],
    run: pfmerge,
  },
]
