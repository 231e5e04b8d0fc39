// LCS: the longest common subsequence of two strings, by a table (bytes/lcs.ts) that is walked backwards for the text and
// its matching ranges. Texts are refused when Redis's table, of 4 bytes a cell, would exceed proto-max-bulk-len.

import { fromText } from '../bytes/ascii.ts'
import { type LcsTable, lcsTable } from '../bytes/lcs.ts'
import { LCS_LEN_AND_IDX, LCS_MEMORY, LCS_NOT_STRINGS, SYNTAX } from '../resp/errors.ts'
import { entryType, stringLength, stringStart } from '../store/entry.ts'
import type { Place } from '../store/place.ts'
import { TYPE_STRING } from '../values/types.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext } from './command.ts'

const LEN = fromText('len')
const IDX = fromText('idx')
const MINMATCHLEN = fromText('minmatchlen')
const WITHMATCHLEN = fromText('withmatchlen')

interface Match {
  readonly aFirst: number
  readonly aLast: number
  readonly bFirst: number
  readonly bLast: number
}

interface Options {
  readonly reply: 'text' | 'length' | 'ranges'
  readonly minMatchBytes: number
  readonly withLengths: 'yes' | 'no'
}

function parse(args: Args): Options {
  let length = false
  let ranges = false
  let withLengths: 'yes' | 'no' = 'no'
  let minMatchBytes = 0
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, IDX)) ranges = true
    else if (args.is(i, LEN)) length = true
    else if (args.is(i, WITHMATCHLEN)) withLengths = 'yes'
    else if (args.is(i, MINMATCHLEN) && i + 1 < args.count) minMatchBytes = Math.max(0, args.int(++i))
    else throw SYNTAX
  }
  if (length && ranges) throw LCS_LEN_AND_IDX
  return { reply: ranges ? 'ranges' : length ? 'length' : 'text', minMatchBytes, withLengths }
}

function bytesAt(p: Place, entry: number): Uint8Array {
  if (entry === 0) return new Uint8Array(0)
  const a = p.shard.arena
  if (entryType(a, entry) !== TYPE_STRING) throw LCS_NOT_STRINGS
  const start = stringStart(a, entry)
  return a.u8.subarray(start, start + stringLength(a, entry))
}

/** Walks the table from its end: the text, and the ranges of equal bytes from the last to the first. */
function trace(a: Uint8Array, b: Uint8Array, table: LcsTable): { text: Uint8Array; matches: Match[] } {
  let at = table.total
  const text = new Uint8Array(at)
  const matches: Match[] = []
  let i = a.length
  let j = b.length
  let aLast = -1
  let bLast = -1
  const close = (): void => {
    if (aLast >= 0) matches.push({ aFirst: i, aLast, bFirst: j, bLast })
    aLast = -1
  }
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      if (aLast < 0) {
        aLast = i - 1
        bLast = j - 1
      }
      text[--at] = a[i - 1]
      i--
      j--
      continue
    }
    close()
    if (table.rises(i - 1, j - 1)) i--
    else j--
  }
  close()
  return { text, matches }
}

function lcs(ctx: ReadContext, args: Args): void {
  const first = ctx.keys.read(args, 1)
  const second = ctx.keys.peekOther(args, 2)
  const a = bytesAt(ctx.keys.at, first)
  const b = bytesAt(ctx.keys.other, second)
  const options = parse(args)
  if ((a.length + 1) * (b.length + 1) * 4 > ctx.maxStringBytes) throw LCS_MEMORY
  const table = lcsTable(a, b)
  const { total } = table
  const { reply } = ctx
  if (options.reply === 'length') {
    reply.int(total)
    return
  }
  const { text, matches } = trace(a, b, table)
  if (options.reply === 'text') {
    reply.bulk(text, 0, text.length)
    return
  }
  const shown = matches.filter(m => m.aLast - m.aFirst + 1 >= options.minMatchBytes)
  reply.map(2)
  reply.bulkText('matches')
  reply.array(shown.length)
  for (const m of shown) {
    reply.array(options.withLengths === 'yes' ? 3 : 2)
    reply.array(2)
    reply.int(m.aFirst)
    reply.int(m.aLast)
    reply.array(2)
    reply.int(m.bFirst)
    reply.int(m.bLast)
    if (options.withLengths === 'yes') reply.int(m.aLast - m.aFirst + 1)
  }
  reply.bulkText('len')
  reply.int(total)
}

export const lcsCommands: readonly Command[] = [
  {
    name: 'lcs',
    syntax: 'key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]',
    effect: 'read',
    group: 'string',
    since: '7.0.0',
    complexity: 'O(N*M) for strings of N and M bytes',
    summary: 'Finds the longest common subsequence of two strings: its text, its length or where it lies in both.',
    flags: [],
    keys: [{ at: 1, last: 1, step: 1, flags: ['RO', 'access'] }],
    run: lcs,
  },
]
