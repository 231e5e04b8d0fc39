// BITOP: strings combined bit by bit. The result is made beside its sources, as its key may be one of them, and then takes
// the key over.

import { fromText } from '../bytes/ascii.ts'
import { Accumulator, and, andNot, notAnd, once, or, PIECE_BYTES, type Step, xor } from '../bytes/bitwise.ts'
import { BITOP_NOT, bitopSources, SYNTAX } from '../resp/errors.ts'
import { OUTSIDE_HEADER_BYTES, stringLength, stringStart } from '../store/entry.ts'
import { allocateString, expectString, setBlock, setString } from '../store/strings.ts'
import { RAW } from '../values/string.ts'
import type { Args } from './args.ts'
import type { Command, WriteContext } from './command.ts'

/** How an operation takes its sources; the accumulator begins with zeros. */
interface Operation {
  readonly name: string
  readonly word: Uint8Array
  /** The first source: before the others, or after them. */
  readonly first: Step
  readonly firstComes: 'before' | 'after'
  readonly others: Step
  readonly end: 'done' | 'invert' | 'dropMany'
  /** The sources it needs; `not` takes no more. */
  readonly least: number
}

function operation(name: string, first: Step, others: Step, more: Partial<Operation> = {}): Operation {
  return { name, word: fromText(name), first, firstComes: 'before', others, end: 'done', least: 1, ...more }
}

const OPERATIONS: readonly Operation[] = [
  operation('and', or, and),
  operation('or', or, or),
  operation('xor', xor, xor),
  operation('not', or, or, { end: 'invert' }),
  operation('diff', andNot, or, { firstComes: 'after', least: 2 }),
  operation('diff1', notAnd, or, { firstComes: 'after', least: 2 }),
  operation('andor', and, or, { firstComes: 'after', least: 2 }),
  operation('one', once, once, { end: 'dropMany' }),
]

const FIRST_SOURCE = 3
const accumulator = new Accumulator()

function parse(args: Args): Operation {
  for (const op of OPERATIONS) {
    if (!args.is(1, op.word)) continue
    const sources = args.count - FIRST_SOURCE
    if (op.end === 'invert' && sources !== 1) throw BITOP_NOT
    if (sources < op.least) throw bitopSources(op.name.toUpperCase())
    return op
  }
  throw SYNTAX
}

/** Takes the bytes from `from` on of the source in word `i` into the piece. */
function take(ctx: WriteContext, args: Args, i: number, step: Step, from: number): void {
  const p = ctx.keys.other
  const e = ctx.keys.find(p, args, i)
  const a = p.shard.arena
  const length = e === 0 ? 0 : Math.max(0, Math.min(PIECE_BYTES, stringLength(a, e) - from))
  const start = length === 0 ? 0 : stringStart(a, e) + from
  accumulator.take(step, a.u8, a.i32, start, start + length)
}

/** Makes `length` bytes of the result, from byte `from` on, in the accumulator. */
function combine(ctx: WriteContext, args: Args, op: Operation, from: number, length: number): void {
  accumulator.begin(length)
  if (op.firstComes === 'before') take(ctx, args, FIRST_SOURCE, op.first, from)
  for (let i = FIRST_SOURCE + 1; i < args.count; i++) take(ctx, args, i, op.others, from)
  if (op.firstComes === 'after') take(ctx, args, FIRST_SOURCE, op.first, from)
  if (op.end === 'invert') accumulator.invert()
  else if (op.end === 'dropMany') accumulator.dropMany()
}

function bitop(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const p = keys.at
  const op = parse(args)
  let length = 0
  for (let i = FIRST_SOURCE; i < args.count; i++) {
    const e = keys.read(args, i)
    expectString(p)
    if (e !== 0) length = Math.max(length, stringLength(p.shard.arena, e))
  }
  const old = keys.open(args, 2)
  if (length === 0) {
    if (old !== 0) keys.remove(p, 'del')
    reply.int(0)
    return
  }
  if (length <= PIECE_BYTES) {
    combine(ctx, args, op, 0, length)
    setString(keys, p, accumulator.bytes, 0, length, RAW, 0)
  } else {
    const a = p.shard.arena
    const block = allocateString(keys, a, length)
    for (let from = 0; from < length; from += PIECE_BYTES) {
      const bytes = Math.min(PIECE_BYTES, length - from)
      combine(ctx, args, op, from, bytes)
      a.u8.set(accumulator.bytes.subarray(0, bytes), block + OUTSIDE_HEADER_BYTES + from)
    }
    setBlock(keys, p, block, RAW, 0)
  }
  keys.commit(p, 'set')
  reply.int(length)
}

export const bitopCommands: readonly Command[] = [
  {
    name: 'bitop',
    syntax: 'operation destkey(key) key [key ...]',
    effect: 'write',
    group: 'bitmap',
    since: '2.6.0',
    complexity: 'O(N) for N bytes of all strings together',
    summary:
      'Sets a key to several strings combined bit by bit: AND, OR, XOR, NOT, and of Redis 8.2 DIFF, DIFF1, ANDOR, ONE.',
    flags: ['denyoom'],
    keys: [
      { at: 2, last: 0, step: 1, flags: ['OW', 'update'] },
      { at: 3, last: -1, step: 1, flags: ['RO', 'access'] },
    ],
    run: bitop,
  },
]
