// Single bits of a string: SETBIT and GETBIT. Bit 0 is the highest bit of the first byte.

import { parseSafe } from '../bytes/int64.ts'
import { BIT_OFFSET, BIT_VALUE } from '../resp/errors.ts'
import { stringLength, stringStart } from '../store/entry.ts'
import { expectString, makeString, resizeString } from '../store/strings.ts'
import { RAW } from '../values/string.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { READ_ONE } from './key-specs.ts'

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
  const start = e === 0 ? makeString(keys, p, after, RAW, 0) : resizeString(keys, p, after)
  if (after > before) a.u8.fill(0, start + before, start + after)
  const mask = 0x80 >> (offset % 8)
  const old = (a.u8[start + byte] & mask) === 0 ? 0 : 1
  if (bit === 1) a.u8[start + byte] |= mask
  else a.u8[start + byte] &= ~mask
  keys.commit(p, 'setbit')
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
]
