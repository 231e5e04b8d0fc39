// BITFIELD and BITFIELD_RO: integers of any width at any bit of a string. All operations are read twice: once to check
// them and to see how far they reach, and once to do them, so that no list of them is made.
//
// Fields up to EASY_BITS with increments below 2^52 are computed as numbers, exactly; wider ones as bigint.

import { fromText } from '../bytes/ascii.ts'
import { readField, writeField } from '../bytes/bits.ts'
import { parseSafe } from '../bytes/int64.ts'
import { BIT_OFFSET, BITFIELD_OVERFLOW, BITFIELD_READ_ONLY, BITFIELD_TYPE, SYNTAX } from '../resp/errors.ts'
import { entryEncoding, stringLength, stringStart } from '../store/entry.ts'
import { editString, expectString, makeString, resizeString } from '../store/strings.ts'
import { RAW } from '../values/string.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { READ_ONE } from './key-specs.ts'

const GET = fromText('get')
const SET = fromText('set')
const INCRBY = fromText('incrby')
const OVERFLOW = fromText('overflow')
const WRAP = fromText('wrap')
const SAT = fromText('sat')
const FAIL = fromText('fail')

const SMALL_I = 0x69
const SMALL_U = 0x75
const HASH = 0x23
/** Sums of a field and an increment within 2^EASY_BITS are exact doubles. */
const EASY_BITS = 52
const EASY_LIMIT = 2 ** EASY_BITS

type Overflow = 'wrap' | 'sat' | 'fail'
type Kind = 'get' | 'set' | 'incrby'

/** The operation that was read last. Words from `next` on are not read yet. */
class Operation {
  kind: Kind = 'get'
  signed = false
  bits = 0
  /** Of the first bit of the field. */
  offset = 0
  /** How sets and increments overflow, until said otherwise. */
  overflow: Overflow = 'wrap'
  /** The word with the value or the increment. */
  operand = 0
  next = 0

  begin(): void {
    this.overflow = 'wrap'
    this.next = 2
  }

  /** Reads the next operation; false when there is none. Throws what is wrong with it. */
  read(args: Args, maxStringBytes: number): boolean {
    while (this.next + 1 < args.count && args.is(this.next, OVERFLOW)) {
      this.overflow = overflowOf(args, this.next + 1)
      this.next += 2
    }
    const at = this.next
    const left = args.count - at - 1
    if (left < 0) return false
    if (left >= 2 && args.is(at, GET)) this.kind = 'get'
    else if (left >= 3 && args.is(at, SET)) this.kind = 'set'
    else if (left >= 3 && args.is(at, INCRBY)) this.kind = 'incrby'
    else throw SYNTAX
    this.readType(args, at + 1)
    this.readOffset(args, at + 2, maxStringBytes)
    this.operand = at + 3
    this.next = at + (this.kind === 'get' ? 3 : 4)
    return true
  }

  private readType(args: Args, i: number): void {
    const { buf } = args
    const start = args.starts[i]
    const sign = args.length(i) > 0 ? buf[start] : 0
    if (sign !== SMALL_I && sign !== SMALL_U) throw BITFIELD_TYPE
    this.signed = sign === SMALL_I
    this.bits = parseSafe(buf, start + 1, args.ends[i])
    if (!(this.bits >= 1 && this.bits <= (this.signed ? 64 : 63))) throw BITFIELD_TYPE
  }

  private readOffset(args: Args, i: number, maxStringBytes: number): void {
    const start = args.starts[i]
    const counted = args.length(i) > 0 && args.buf[start] === HASH
    const n = parseSafe(args.buf, counted ? start + 1 : start, args.ends[i])
    this.offset = counted ? n * this.bits : n
    if (!(this.offset >= 0 && Math.floor(this.offset / 8) < maxStringBytes)) throw BIT_OFFSET
  }
}

const op = new Operation()

function overflowOf(args: Args, i: number): Overflow {
  if (args.is(i, WRAP)) return 'wrap'
  if (args.is(i, SAT)) return 'sat'
  if (args.is(i, FAIL)) return 'fail'
  throw BITFIELD_OVERFLOW
}

/** Checks all operations. Returns the bytes of string that those that write need; 0 when none does. */
function reachOf(args: Args, maxStringBytes: number): number {
  let reach = 0
  op.begin()
  while (op.read(args, maxStringBytes)) {
    if (op.kind === 'get') continue
    if (Number.isNaN(args.safe(op.operand))) args.int64(op.operand)
    reach = Math.max(reach, Math.floor((op.offset + op.bits - 1) / 8) + 1)
  }
  return reach
}

/** The field in u8[start, end) that `op` is about. */
function readWide(u8: Uint8Array, start: number, end: number): bigint {
  const high = readField(u8, start, end, op.offset, op.bits - 32)
  const low = readField(u8, start, end, op.offset + op.bits - 32, 32)
  const value = (BigInt(high) << 32n) | BigInt(low)
  return op.signed ? BigInt.asIntN(op.bits, value) : value
}

function writeWide(u8: Uint8Array, start: number, value: bigint): void {
  const raw = BigInt.asUintN(op.bits, value)
  writeField(u8, start, op.offset, op.bits - 32, Number(raw >> 32n))
  writeField(u8, start, op.offset + op.bits - 32, 32, Number(raw & 0xffffffffn))
}

function readEasy(u8: Uint8Array, start: number, end: number): number {
  const value = readField(u8, start, end, op.offset, op.bits)
  return op.signed && value >= 2 ** (op.bits - 1) ? value - 2 ** op.bits : value
}

function writeEasy(u8: Uint8Array, start: number, value: number): void {
  writeField(u8, start, op.offset, op.bits, value < 0 ? value + 2 ** op.bits : value)
}

/** What `op` makes of `value`, which may lie outside its field; NaN when it is not to be written. */
function fit(value: number): number {
  const size = 2 ** op.bits
  const max = op.signed ? size / 2 - 1 : size - 1
  const min = op.signed ? -size / 2 : 0
  if (value >= min && value <= max) return value
  if (op.overflow === 'fail') return NaN
  // A negative number that is set as unsigned counts as a very large one.
  if (op.overflow === 'sat') return value > max || (op.kind === 'set' && !op.signed) ? max : min
  const wrapped = value - Math.floor(value / size) * size
  return wrapped > max ? wrapped - size : wrapped
}

/** As fit; undefined when it is not to be written. */
function fitWide(value: bigint): bigint | undefined {
  const size = 1n << BigInt(op.bits)
  const max = op.signed ? size / 2n - 1n : size - 1n
  const min = op.signed ? -size / 2n : 0n
  if (value >= min && value <= max) return value
  if (op.overflow === 'fail') return undefined
  if (op.overflow === 'wrap') return op.signed ? BigInt.asIntN(op.bits, value) : BigInt.asUintN(op.bits, value)
  if (value > max || op.kind === 'incrby') return value > max ? max : min
  // checkSignedBitfieldOverflow computes max - value in 64 bits: close to their lower end it takes the value for too large.
  return !op.signed || max - value > 0x7fffffffffffffffn ? max : min
}

/** Does `op` on the string of u8[start, end), which it lies in, and replies. Returns whether the string has changed. */
function change(ctx: WriteContext, args: Args, u8: Uint8Array, start: number, end: number): boolean {
  const { reply } = ctx
  const operand = args.safe(op.operand)
  if (op.bits <= EASY_BITS && Math.abs(operand) <= EASY_LIMIT) {
    const before = readEasy(u8, start, end)
    const after = fit(op.kind === 'set' ? operand : before + operand)
    if (Number.isNaN(after)) {
      reply.null()
      return false
    }
    reply.int(op.kind === 'set' ? before : after)
    writeEasy(u8, start, after)
    return after !== before
  }
  const exact = args.int64(op.operand)
  const easy = op.bits <= EASY_BITS
  const before = easy ? BigInt(readEasy(u8, start, end)) : readWide(u8, start, end)
  const after = fitWide(op.kind === 'set' ? exact : before + exact)
  if (after === undefined) {
    reply.null()
    return false
  }
  reply.int64(op.kind === 'set' ? before : after)
  if (easy) writeEasy(u8, start, Number(after))
  else writeWide(u8, start, after)
  return after !== before
}

/** Replies with the field of `op` in the string of u8[start, end); beyond it are zeros. */
function show(ctx: ReadContext, u8: Uint8Array, start: number, end: number): void {
  if (op.bits <= EASY_BITS) ctx.reply.int(readEasy(u8, start, end))
  else ctx.reply.int64(readWide(u8, start, end))
}

/** All operations, none of which writes. */
function showAll(ctx: ReadContext, args: Args): void {
  const { reply, maxStringBytes } = ctx
  const e = ctx.keys.read(args, 1)
  expectString(ctx.keys.at)
  const a = ctx.keys.at.shard.arena
  const start = e === 0 ? 0 : stringStart(a, e)
  const end = e === 0 ? 0 : start + stringLength(a, e)
  const mark = reply.mark()
  let count = 0
  for (op.begin(); op.read(args, maxStringBytes); count++) show(ctx, a.u8, start, end)
  reply.arrayFrom(mark, count)
}

function bitfield(ctx: WriteContext, args: Args): void {
  const { keys, reply, maxStringBytes } = ctx
  const p = keys.at
  const reach = reachOf(args, maxStringBytes)
  if (reach === 0) {
    showAll(ctx, args)
    return
  }
  const e = keys.open(args, 1)
  expectString(p)
  const a = p.shard.arena
  const before = e === 0 ? 0 : stringLength(a, e)
  const length = Math.max(before, reach)
  const asIs = length === before && entryEncoding(a, e) === RAW
  const start = asIs
    ? editString(keys, p)
    : e === 0
      ? makeString(keys, p, length, RAW, 0)
      : resizeString(keys, p, length)
  if (length > before) a.u8.fill(0, start + before, start + length)
  const mark = reply.mark()
  let count = 0
  let changed = !asIs
  for (op.begin(); op.read(args, maxStringBytes); count++) {
    if (op.kind === 'get') show(ctx, a.u8, start, start + length)
    else if (change(ctx, args, a.u8, start, start + length)) changed = true
  }
  reply.arrayFrom(mark, count)
  if (changed) keys.commit(p, 'setbit')
}

function bitfieldReadOnly(ctx: ReadContext, args: Args): void {
  if (reachOf(args, ctx.maxStringBytes) > 0) throw BITFIELD_READ_ONLY
  showAll(ctx, args)
}

/** Whether the request that starts at word `from` writes, as far as can be seen from its words. */
function writes(args: Args, from: number): boolean {
  for (let i = from + 2; i < args.count; i++) if (args.is(i, SET) || args.is(i, INCRBY)) return true
  return false
}

export const bitfieldCommands: readonly Command[] = [
  {
    name: 'bitfield',
    syntax:
      'key [<operation: GET <encoding offset> | <write: [OVERFLOW <WRAP | SAT | FAIL>] <write_operation: SET <encoding offset value(integer)> | INCRBY <encoding offset increment>>>> ...]',
    effect: 'write',
    group: 'bitmap',
    since: '3.2.0',
    complexity: 'O(1) for each operation',
    summary:
      'Reads, sets and increments integers of 1 to 64 bits at any bit of a string; OVERFLOW says what happens to those that do not fit.',
    flags: ['denyoom'],
    keys: [
      {
        at: 1,
        last: 0,
        step: 1,
        flags: ['RW', 'access', 'update', 'variable_flags'],
        notes: 'Only read when all operations are GET.',
        flagsOf: (args, from) => (writes(args, from) ? ['RW', 'access', 'update'] : ['RO', 'access']),
      },
    ],
    run: bitfield,
  },
  {
    name: 'bitfield_ro',
    syntax: 'key [GET <encoding offset> [GET <encoding offset> ...]]',
    effect: 'read',
    group: 'bitmap',
    since: '6.0.0',
    complexity: 'O(1) for each operation',
    summary: 'Reads integers of 1 to 64 bits at any bit of a string.',
    flags: ['fast'],
    keys: READ_ONE,
    run: bitfieldReadOnly,
  },
]
