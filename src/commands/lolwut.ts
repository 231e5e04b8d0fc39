// LOLWUT: hills under a night sky, drawn anew each time. A range of hills is the sum of three waves with phases by chance;
// nearer ranges stand lower and are darker, and hide what is behind them. Only ASCII, so that every terminal shows it.

import { fromText } from '../bytes/ascii.ts'
import type { Random } from '../store/random.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext } from './command.ts'

const VERSION = fromText('version')
const COLUMNS = { default: 66, most: 250 } as const
const ROWS = { default: 18, most: 100 } as const

/** From the farthest range to the nearest: what it is drawn with, and where it stands as a part of the height from the top. */
const RANGES = [
  { shade: ':', level: 0.4 },
  { shade: '+', level: 0.6 },
  { shade: '#', level: 0.82 },
] as const
/** Of the height: how far the widest wave goes up and down; each narrower one goes half as far. */
const SWING = 0.16
/** Crests that the widest wave has across the picture; each narrower one has twice and a bit as many. */
const CRESTS = 1.2
const NARROWER = 2.3
const STARS = ['.', '.', '*'] as const
/** One place of the sky in so many has a star. */
const SKY_PER_STAR = 28

/** The row at which a range begins, for each column. */
function outline(columns: number, rows: number, level: number, random: Random): number[] {
  const phases = [random.fraction(), random.fraction(), random.fraction()]
  return Array.from({ length: columns }, (_, x) => {
    let height = level
    for (const [wave, phase] of phases.entries()) {
      const crests = CRESTS * NARROWER ** wave
      height += (SWING / 2 ** wave) * Math.sin(2 * Math.PI * ((crests * x) / columns + phase))
    }
    return Math.round(height * rows)
  })
}

function draw(columns: number, rows: number, random: Random): string {
  const ranges = RANGES.map(({ shade, level }) => ({ shade, top: outline(columns, rows, level, random) })).reverse()
  const lines: string[] = []
  for (let y = 0; y < rows; y++) {
    let line = ''
    for (let x = 0; x < columns; x++) {
      const nearest = ranges.find(({ top }) => y >= (top[x] as number))
      line += nearest?.shade ?? (random.below(SKY_PER_STAR) === 0 ? STARS[random.below(STARS.length)] : ' ')
    }
    lines.push(`${line.trimEnd()}\n`)
  }
  return lines.join('')
}

/** The number in word `i`, drawn into 1..most; the default when the word is missing. */
function extent(args: Args, i: number, bounds: { readonly default: number; readonly most: number }): number {
  return i < args.count ? Math.min(bounds.most, Math.max(1, args.int(i))) : bounds.default
}

/** VERSION asks for the picture of another release of Redis; we have one picture. */
function lolwut(ctx: ReadContext, args: Args): void {
  let first = 1
  if (args.count > 2 && args.is(1, VERSION)) {
    args.int(2)
    first = 3
  }
  const picture = draw(extent(args, first, COLUMNS), extent(args, first + 1, ROWS), ctx.keys.random)
  ctx.reply.verbatim('txt', `${picture}\nHills at night. Redis ver. ${ctx.services.config.redisVersion}\n`)
}

export const lolwutCommands: readonly Command[] = [
  {
    name: 'lolwut',
    syntax: '[VERSION version(integer)] [size: columns(integer) [rows(integer)]]',
    effect: 'read',
    group: 'server',
    since: '5.0.0',
    complexity: 'O(N) for N characters of the picture',
    summary: 'Draws a picture and tells the version.',
    flags: ['fast'],
    run: lolwut,
  },
]
