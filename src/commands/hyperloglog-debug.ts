// A look inside HyperLogLogs: PFDEBUG shows registers and encoding, PFSELFTEST tries the estimator on numbers.

import { fromText, toText } from '../bytes/ascii.ts'
import {
  CommandError,
  HYPERLOGLOG_NOT_SPARSE,
  INVALID_HYPERLOGLOG,
  SPECIFIED_KEY_MISSING,
  unknownPfdebug,
} from '../resp/errors.ts'
import { stringLength, stringStart } from '../store/entry.ts'
import type { Place } from '../store/place.ts'
import { Draft } from '../values/hll-draft.ts'
import {
  decodeSparse,
  denseRegister,
  Histogram,
  isDense,
  placeOf,
  REGISTERS,
  registerOf,
  runOf,
} from '../values/hyperloglog.ts'
import type { Args } from './args.ts'
import type { Command, SessionContext, WriteContext } from './command.ts'
import { expectHyperLogLog, loadDraft, makeRaw, storeDraft } from './hyperloglog.ts'

/** Makes the value at `p` dense; false when it is already. */
function toDense(ctx: WriteContext, p: Place): boolean {
  if (isDense(p.shard.arena.u8, stringStart(p.shard.arena, p.entry))) return false
  if (!loadDraft(p).toDense()) throw INVALID_HYPERLOGLOG
  storeDraft(ctx, p)
  ctx.keys.respelled(p)
  return true
}

interface Look {
  readonly word: Uint8Array
  /** Replies about the value at `p`. */
  readonly run: (ctx: WriteContext, p: Place) => void
}

const LOOKS: readonly Look[] = [
  {
    word: fromText('getreg'),
    run(ctx, p) {
      toDense(ctx, p)
      const a = p.shard.arena
      const start = stringStart(a, p.entry)
      ctx.reply.array(REGISTERS)
      for (let i = 0; i < REGISTERS; i++) ctx.reply.int(denseRegister(a.u8, start, i))
    },
  },
  {
    word: fromText('decode'),
    run(ctx, p) {
      const a = p.shard.arena
      const start = stringStart(a, p.entry)
      if (isDense(a.u8, start)) throw HYPERLOGLOG_NOT_SPARSE
      ctx.reply.bulkText(decodeSparse(a.u8, start, start + stringLength(a, p.entry)))
    },
  },
  {
    word: fromText('encoding'),
    run(ctx, p) {
      ctx.reply.simple(isDense(p.shard.arena.u8, stringStart(p.shard.arena, p.entry)) ? 'dense' : 'sparse')
    },
  },
  { word: fromText('todense'), run: (ctx, p) => ctx.reply.int(toDense(ctx, p) ? 1 : 0) },
]

function pfdebug(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const p = keys.at
  if (keys.open(args, 2) === 0) throw SPECIFIED_KEY_MISSING
  expectHyperLogLog(p)
  if (makeRaw(keys, p)) keys.respelled(p)
  for (const look of LOOKS) {
    if (!args.is(1, look.word)) continue
    look.run(ctx, p)
    return
  }
  throw unknownPfdebug(toText(args.buf, args.starts[1], args.ends[1]))
}

/** Redis takes 10,000,000 and stops for seconds. */
const TESTED_ELEMENTS = 100_000
/** Standard errors that an estimate may be off. */
const ALLOWED_ERRORS = 6
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS)

/** Adds numbers to a sparse and a dense value and compares the estimates with each other and with the truth. */
function pfselftest(ctx: SessionContext, _args: Args): void {
  const sparse = new Draft()
  const dense = new Draft()
  const histogram = new Histogram()
  const element = new Uint8Array(8)
  sparse.begin()
  dense.begin()
  dense.toDense()
  const estimate = (draft: Draft): number => {
    if (!histogram.ofValue(draft.bytes, 0, draft.length)) throw new CommandError('ERR TESTFAILED corrupt value')
    return histogram.estimate()
  }
  for (let n = 1, checkpoint = 1; n <= TESTED_ELEMENTS; n++) {
    for (let i = 0; i < 4; i++) element[i] = n >>> (8 * i)
    const place = placeOf(element, 0, element.length)
    for (const draft of [sparse, dense]) draft.raise(registerOf(place), runOf(place), 3000)
    if (n !== checkpoint) continue
    const counted = estimate(dense)
    if (counted !== estimate(sparse)) throw new CommandError('ERR TESTFAILED dense/sparse disagree')
    if (Math.abs(counted - n) > Math.ceil(STANDARD_ERROR * ALLOWED_ERRORS * n)) {
      throw new CommandError(`ERR TESTFAILED Too big error. card:${n} abserr:${Math.abs(counted - n)}`)
    }
    checkpoint *= 10
  }
  ctx.reply.ok()
}

export const hyperLogLogDebug: readonly Command[] = [
  {
    name: 'pfdebug',
    syntax: 'subcommand key',
    effect: 'write',
    group: 'hyperloglog',
    since: '2.8.9',
    complexity: 'O(N) for N registers',
    summary:
      'Shows the registers (GETREG), opcodes (DECODE) or ENCODING of a HyperLogLog, or makes it dense (TODENSE).',
    flags: ['denyoom', 'admin'],
    docFlags: ['syscmd'],
    keys: [{ at: 2, last: 0, step: 1, flags: ['RW', 'access'] }],
    run: pfdebug,
  },
  {
    name: 'pfselftest',
    syntax: '',
    effect: 'session',
    group: 'hyperloglog',
    since: '2.8.9',
    complexity: 'O(1) with a very large constant',
    summary: 'Tests the estimates of HyperLogLogs on a hundred thousand numbers.',
    flags: ['admin'],
    docFlags: ['syscmd'],
    run: pfselftest,
  },
]
