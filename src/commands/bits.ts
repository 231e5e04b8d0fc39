// Single bits of a string, and searches among them: SETBIT, GETBIT, BITCOUNT, BITPOS. Bit 0 is the highest bit of the first
// byte.

import { fromText } from '../bytes/ascii.ts'
import { countBits, countWord, firstBit, firstInByte } from '../bytes/bits.ts'
import { parseSafe } from '../bytes/int64.ts'
import { BIT_ARGUMENT, BIT_OFFSET, BIT_VALUE, SYNTAX } from '../resp/errors.ts'
import { entryEncoding, stringLength, stringStart } from '../store/entry.ts'
import { editString, expectString, makeString, resizeString } from '../store/strings.ts'
import { RAW } from '../values/string.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { READ_ONE } from './key-specs.ts'
import { isAfter } from './strings-read.ts'

const BIT = fromText('bit')
const BYTE = fromText('byte')

/** The bit offset in word `i`; its byte must lie within the longest string allowed. */
function bitOffset(args: Args, i: number, maxStringBytes: number): number {
  const n = parseSafe(args.buf, args.starts[i], args.ends[i])
  if (!(n >= 0 && Math.floor(n / 8) < maxStringBytes)) throw BIT_OFFSET
  return n
}

function setbit(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const p = keys.at
  const offset = bitOffset(args, 2, ctx.maxStringBytes)
  const bit = args.int(3, BIT_VALUE)
  if (bit !== 0 && bit !== 1) throw BIT_VALUE
  const e = keys.open(args, 1)
  expectString(p)
  const a = p.shard.arena
  const byte = Math.floor(offset / 8)
  const before = e === 0 ? 0 : stringLength(a, e)
  const after = Math.max(before, byte + 1)
  const asIs = after === before && entryEncoding(a, e) === RAW
  const start = asIs ? editString(keys, p) : e === 0 ? makeString(keys, p, after, RAW, 0) : resizeString(keys, p, after)
  if (after > before) a.u8.fill(0, start + before, start + after)
  const mask = 0x80 >> (offset % 8)
  const old = (a.u8[start + byte] & mask) === 0 ? 0 : 1
  if (bit === 1) a.u8[start + byte] |= mask
  else a.u8[start + byte] &= ~mask
  if (!asIs || old !== bit) keys.commit(p, 'setbit')
  ctx.reply.int(old)
}

function getbit(ctx: ReadContext, args: Args): void {
  const offset = bitOffset(args, 2, ctx.maxStringBytes)
  const e = ctx.keys.read(args, 1)
  expectString(ctx.keys.at)
  const a = ctx.keys.at.shard.arena
  const byte = Math.floor(offset / 8)
  const isSet = e !== 0 && byte < stringLength(a, e) && (a.u8[stringStart(a, e) + byte] & (0x80 >> (offset % 8))) !== 0
  ctx.reply.int(isSet ? 1 : 0)
}

/** Bits of a unit of ranges: the word `i` says BYTE or BIT, or is missing. */
function unitBits(args: Args, i: number): 1 | 8 {
  if (i >= args.count || args.is(i, BYTE)) return 8
  if (args.is(i, BIT)) return 1
  throw SYNTAX
}

/** The bits from `first` to `last`, both included, of the string that a command looks at. */
interface Range {
  first: number
  last: number
}

const range: Range = { first: 0, last: 0 }

/** Puts the range from `first` to `last` units of a string of `bytes` bytes into `range`; negative ones count from its end. */
function aim(bytes: number, unit: 1 | 8, first: number, last: number): void {
  const units = (bytes * 8) / unit
  range.first = Math.max(0, first < 0 ? units + first : first) * unit
  range.last = Math.min(units - 1, Math.max(0, last < 0 ? units + last : last)) * unit + unit - 1
}

function bitcount(ctx: ReadContext, args: Args): void {
  const e = ctx.keys.read(args, 1)
  expectString(ctx.keys.at)
  if (e === 0) {
    ctx.reply.int(0)
    return
  }
  const a = ctx.keys.at.shard.arena
  const length = stringLength(a, e)
  if (args.count === 2) {
    const start = stringStart(a, e)
    ctx.reply.int(countBits(a.u8, a.i32, start, start + length))
    return
  }
  if (args.count > 5 || args.count === 3) throw SYNTAX
  const from = args.int(2)
  const to = args.int(3)
  // Redis looks at the unit only after this.
  const crossed = from < 0 && to < 0 && isAfter(args, from, to)
  if (!crossed) aim(length, unitBits(args, 4), from, to)
  ctx.reply.int(crossed || range.first > range.last ? 0 : countRange(a.u8, a.i32, stringStart(a, e)))
}

/** Set bits of `range` in the string that starts at `start`. */
function countRange(u8: Uint8Array, i32: Int32Array, start: number): number {
  const firstByte = start + Math.floor(range.first / 8)
  const lastByte = start + Math.floor(range.last / 8)
  const before = countWord(u8[firstByte] & ~(0xff >> (range.first % 8)))
  const after = countWord(u8[lastByte] & (0xff >> ((range.last % 8) + 1)))
  return countBits(u8, i32, firstByte, lastByte + 1) - before - after
}

function bitpos(ctx: ReadContext, args: Args): void {
  const bit = args.int(2)
  if (bit !== 0 && bit !== 1) throw BIT_ARGUMENT
  const e = ctx.keys.read(args, 1)
  expectString(ctx.keys.at)
  if (e === 0) {
    ctx.reply.int(-bit)
    return
  }
  if (args.count > 6) throw SYNTAX
  const a = ctx.keys.at.shard.arena
  const length = stringLength(a, e)
  const from = args.count > 3 ? args.int(3) : 0
  const unit = unitBits(args, 5)
  const to = args.count > 4 ? args.int(4) : length - 1
  aim(length, unit, from, to)
  const found = range.first > range.last ? -1 : searchRange(a.u8, a.i32, stringStart(a, e), bit)
  // With no end given, the zeros that follow every string count.
  if (found === NONE) ctx.reply.int(bit === 0 && args.count < 5 ? length * 8 : -1)
  else ctx.reply.int(found)
}

const NONE = -2

/** The first bit of `range` that is `bit`, counted from the start of the string; NONE when there is none. */
function searchRange(u8: Uint8Array, i32: Int32Array, start: number, bit: number): number {
  const firstByte = Math.floor(range.first / 8)
  const skip = range.first % 8
  // The bits before the range are made what is not looked for.
  const outside = 0xff & ~(0xff >> skip)
  const head = u8[start + firstByte]
  let found = firstByte * 8 + firstInByte(bit === 1 ? head & ~outside : head | outside, bit)
  if (found === firstByte * 8 + 8) {
    const lastByte = Math.floor(range.last / 8)
    const behind = firstBit(u8, i32, start + firstByte + 1, start + lastByte + 1, bit)
    if (behind < 0) return NONE
    found += behind
  }
  return found <= range.last ? found : NONE
}

export const bitCommands: readonly Command[] = [
  {
    name: 'setbit',
    syntax: 'key offset value(integer)',
    effect: 'write',
    group: 'bitmap',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Sets or clears a bit of a string, lengthening it with zero bytes if needed; gives the old bit.',
    flags: ['denyoom'],
    keys: [{ at: 1, last: 0, step: 1, flags: ['RW', 'access', 'update'] }],
    run: setbit,
  },
  {
    name: 'getbit',
    syntax: 'key offset',
    effect: 'read',
    group: 'bitmap',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Gives a bit of a string, 0 beyond its end.',
    flags: ['fast'],
    keys: READ_ONE,
    run: getbit,
  },
  {
    name: 'bitcount',
    syntax: 'key [index: start end [index_unit: BYTE | BIT]]',
    effect: 'read',
    group: 'bitmap',
    since: '2.6.0',
    complexity: 'O(N) for N bytes of the range',
    summary: 'Counts the set bits of a string, or of a range of its bytes or bits; negative ends count from its end.',
    flags: [],
    keys: READ_ONE,
    history: [['7.0.0', 'Options `BYTE` and `BIT`.']],
    run: bitcount,
  },
  {
    name: 'bitpos',
    syntax: 'key bit(integer) [index: start [end_index: end [index_unit: BYTE | BIT]]]',
    effect: 'read',
    group: 'bitmap',
    since: '2.8.7',
    complexity: 'O(N) for N bytes of the range',
    summary: 'Finds the first bit that is set, or that is not, in a string or in a range of its bytes or bits.',
    flags: [],
    keys: READ_ONE,
    history: [['7.0.0', 'Options `BYTE` and `BIT`.']],
    run: bitpos,
  },
]
