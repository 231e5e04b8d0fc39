// Client-side caching: what CLIENT TRACKING and its neighbours take and tell. What happens then is tracking/tracking.ts.

import { fromText } from '../bytes/ascii.ts'
import { CommandError, SYNTAX } from '../resp/errors.ts'
import type { Session } from '../session/session.ts'
import type { TrackingMode, TrackingOptions } from '../session/tracker.ts'
import type { Args } from './args.ts'
import type { Command, SessionContext } from './command.ts'

/** Every change is compared with every prefix, and each new one with those that are there; Redis has no limit. */
const MOST_PREFIXES = 1024
/** They stay with the connection, all together. */
const MOST_PREFIX_BYTES = 1 << 20

const ON = fromText('on')
const OFF = fromText('off')

const ONE_REDIRECTION = new CommandError('ERR A client can only redirect to a single other client')
const NO_TARGET = new CommandError('ERR The client ID you want redirect to does not exist')
const PREFIX_WITHOUT_BCAST = new CommandError('ERR PREFIX option requires BCAST mode to be enabled')
const TOO_MANY_PREFIXES = new CommandError(
  `ERR A client can track at most ${MOST_PREFIXES} prefixes of ${MOST_PREFIX_BYTES} bytes together`,
)
const BCAST_SWITCHED = new CommandError(
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a " +
    'different mode.',
)
const BCAST_WITH_OPT = new CommandError('ERR OPTIN and OPTOUT are not compatible with BCAST')
const BOTH_OPT = new CommandError("ERR You can't specify both OPTIN mode and OPTOUT mode")
const OPT_SWITCHED = new CommandError(
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a " +
    'different mode.',
)
const NOT_TRACKING = new CommandError(
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
)
const YES_WITHOUT_OPTIN = new CommandError(
  'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.',
)
const NO_WITHOUT_OPTOUT = new CommandError(
  'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.',
)

/** The options as they were given, in any order. */
interface Given {
  readonly words: ReadonlySet<string>
  readonly redirect: number
  readonly prefixes: readonly string[]
}

const WORDS: readonly string[] = ['bcast', 'optin', 'optout', 'noloop']

/** The client in word `i`, one that hears no more of other namespaces than the one that asks. */
function redirectionTo(ctx: SessionContext, args: Args, i: number): number {
  const id = args.int(i)
  const target = ctx.services.clients.sessionOf(id)
  if (target === undefined || !ctx.session.sees(target) || !target.sees(ctx.session)) throw NO_TARGET
  return id
}

function given(ctx: SessionContext, args: Args): Given {
  const words = new Set<string>()
  const prefixes: string[] = []
  let redirect = 0
  for (let i = 3; i < args.count; i++) {
    const option = args.text(i).toLowerCase()
    const hasMore = i + 1 < args.count
    if (option === 'redirect' && hasMore) {
      if (redirect !== 0) throw ONE_REDIRECTION
      redirect = redirectionTo(ctx, args, ++i)
    } else if (option === 'prefix' && hasMore) prefixes.push(args.text(++i))
    else if (WORDS.includes(option)) words.add(option)
    else throw SYNTAX
  }
  return { words, redirect, prefixes }
}

/** Throws when options do not go together, or not with what is on already. In Redis's order. */
function checkedOptions({ session }: SessionContext, { words, redirect, prefixes }: Given): TrackingOptions {
  const bcast = words.has('bcast')
  const optin = words.has('optin')
  const optout = words.has('optout')
  const before = session.tracker?.mode
  if (!bcast && prefixes.length > 0) throw PREFIX_WITHOUT_BCAST
  if (before !== undefined && (before === 'bcast') !== bcast) throw BCAST_SWITCHED
  if (bcast && (optin || optout)) throw BCAST_WITH_OPT
  if (optin && optout) throw BOTH_OPT
  if ((optin && before === 'optout') || (optout && before === 'optin')) throw OPT_SWITCHED
  if (bcast) checkPrefixes(prefixes, session)
  const mode: TrackingMode = bcast ? 'bcast' : optin ? 'optin' : optout ? 'optout' : 'reads'
  return { mode, redirect, noLoop: words.has('noloop'), prefixes }
}

const bytesOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0)

const overlap = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

/** No key may begin with two prefixes of one client. */
function checkPrefixes(prefixes: readonly string[], { tracker }: Session): void {
  const known = tracker?.prefixes ?? []
  if (prefixes.length + known.length > MOST_PREFIXES) throw TOO_MANY_PREFIXES
  if (bytesOf(prefixes) + bytesOf(known) > MOST_PREFIX_BYTES) throw TOO_MANY_PREFIXES
  for (const [i, prefix] of prefixes.entries()) {
    const existing = known.find(other => overlap(other, prefix))
    if (existing !== undefined) throw overlapping(prefix, `an existing prefix '${existing}'`)
    const provided = prefixes.slice(i + 1).find(other => overlap(other, prefix))
    if (provided !== undefined) throw overlapping(prefix, `another provided prefix '${provided}'`)
  }
}

function overlapping(prefix: string, other: string): CommandError {
  return new CommandError(
    `ERR Prefix '${prefix}' overlaps with ${other}. Prefixes for a single client must not overlap.`,
  )
}

function tracking(ctx: SessionContext, args: Args): void {
  const options = given(ctx, args)
  if (args.is(2, ON)) ctx.services.tracking.enable(ctx.session, checkedOptions(ctx, options))
  else if (args.is(2, OFF)) ctx.services.tracking.disable(ctx.session)
  else throw SYNTAX
  ctx.reply.ok()
}

function caching({ session: { tracker }, reply }: SessionContext, args: Args): void {
  if (tracker === undefined) throw NOT_TRACKING
  const answer = args.text(2).toLowerCase()
  if (answer !== 'yes' && answer !== 'no') throw SYNTAX
  if (answer === 'yes' && tracker.mode !== 'optin') throw YES_WITHOUT_OPTIN
  if (answer === 'no' && tracker.mode !== 'optout') throw NO_WITHOUT_OPTOUT
  tracker.isExcepted = true
  reply.ok()
}

function flagsOf({ tracker }: Session): string[] {
  if (tracker === undefined) return ['off']
  const { mode } = tracker
  const flags = mode === 'reads' ? ['on'] : ['on', mode]
  if (tracker.isExcepted) flags.push(mode === 'optin' ? 'caching-yes' : 'caching-no')
  if (tracker.noLoop) flags.push('noloop')
  if (tracker.isBroken) flags.push('broken_redirect')
  return flags
}

function trackingInfo({ session, reply }: SessionContext): void {
  const { tracker } = session
  const flags = flagsOf(session)
  const prefixes = tracker?.prefixes ?? []
  reply.map(3)
  reply.bulkText('flags')
  reply.set(flags.length)
  for (const flag of flags) reply.bulkText(flag)
  reply.bulkText('redirect')
  reply.int(tracker?.redirect ?? -1)
  reply.bulkText('prefixes')
  reply.array(prefixes.length)
  for (const prefix of prefixes) reply.bulkText(prefix)
}

const SUB = {
  effect: 'session',
  group: 'connection',
  since: '6.0.0',
  complexity: 'O(1)',
  flags: ['noscript', 'loading', 'stale'],
} as const

export const trackingSubcommands: readonly Command[] = [
  {
    ...SUB,
    name: 'tracking',
    syntax:
      '<status: ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
    complexity: 'O(1). Some options may introduce additional complexity.',
    summary: 'Tells this connection, or another one, when keys that it has read change (client-side caching).',
    run: tracking,
  },
  {
    ...SUB,
    name: 'caching',
    syntax: '<mode: YES | NO>',
    summary: 'Makes an exception for the next command: to track its keys (OPTIN), or not to (OPTOUT).',
    run: caching,
  },
  {
    ...SUB,
    name: 'getredir',
    syntax: '',
    summary: 'Tells which connection hears in place of this one what has changed; 0: none, -1: nothing is tracked.',
    run: ({ session, reply }: SessionContext) => reply.int(session.tracker?.redirect ?? -1),
  },
  {
    ...SUB,
    name: 'trackinginfo',
    syntax: '',
    since: '6.2.0',
    summary: 'Describes how the reads of this connection are tracked.',
    run: trackingInfo,
  },
]
