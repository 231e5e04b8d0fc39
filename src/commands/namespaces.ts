// NS: namespaces as things of their own. What one is (how many keys it has, what it takes, how often it is asked), what it
// may (quota, max-keys, default-ttl, frozen), and all of its keys at once: dropped, copied, exchanged.
//
// A namespace needs no making: it is there while it has keys, and what was set for its name stays without them. A client
// that is bound to a namespace has to do with that one only.

import { toText } from '../bytes/ascii.ts'
import { globMatches } from '../bytes/glob.ts'
import { bytesOf } from '../bytes/units.ts'
import { dictCount, dictScan } from '../memory/dict.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { boundElsewhere, CommandError, SAME_OBJECT, SYNTAX } from '../resp/errors.ts'
import { POLICY_NAMES, policyNamed } from '../store/eviction-policies.ts'
import { Namespace } from '../store/namespace.ts'
import type { Properties } from '../store/namespace-rules.ts'
import { NS_ALLOCATED, NS_LOGICAL, NS_NAME, NS_NAME_LENGTH, NS_TIMED, type Shard } from '../store/shard.ts'
import { copyNamespace, dropNamespace, namespaceKeys, partsOf, swapNamespaces } from '../store/whole-namespaces.ts'
import type { Args } from './args.ts'
import type { Command, Context, WriteContext } from './command.ts'
import { helpSubcommand } from './help.ts'
import { patternIn } from './scan-options.ts'

const REPLACE = new TextEncoder().encode('replace')
const ALL_HASHES = 0x1_0000_0000
/** Namespaces looked at in one step of a list. */
const LISTED = 1024
/** Of the names that can be configured, in bytes: they are kept outside the memory limit. */
const MAX_NAME_BYTES = 1024
/** 100 years, in ms. */
const MAX_TTL_MS = 3_155_760_000_000
const SLASH_IN_NAME = new CommandError("ERR a namespace's name has no slash")
const NAME_TOO_LONG = new CommandError(`ERR names of more than ${MAX_NAME_BYTES} bytes cannot be configured`)
const NO_KEYS = new CommandError('ERR the source namespace has no keys')
const TAKEN = new CommandError('BUSYKEY Target namespace already has keys; REPLACE would drop them.')
const NO_SUCH_PROPERTY = new CommandError('ERR a namespace has quota, policy, default-ttl and max-keys')
const BAD_QUOTA = new CommandError('ERR quota must be a memory value, or none')
const BAD_MAX_KEYS = new CommandError('ERR max-keys must be a whole number, or none')
const BAD_TTL = new CommandError('ERR default-ttl must be seconds (60), milliseconds (1500ms), or none')
const BAD_POLICY = new CommandError(`ERR policy must be default or one of ${POLICY_NAMES.join(', ')}`)

/** The namespace in word `i`. Throws when it is none of the client's business. */
function namespaceIn(ctx: Context, args: Args, i: number): Namespace {
  const name = args.text(i)
  if (name.includes('/')) throw SLASH_IN_NAME
  const bound = ctx.session.namespace
  if (bound !== undefined && bound.name !== name) throw boundElsewhere(bound.name)
  return new Namespace(name, ctx.keys)
}

// ---- looking --------------------------------------------------------------------------------------------------------

/** Names of namespaces with keys or properties. */
function namesOf({ keys, services }: Context): Set<string> {
  const names = new Set(services.namespaces.all.map(({ namespace }) => namespace.name))
  const batch = new PairBatch()
  for (const shard of keys.shards) {
    for (let db = 0; db < keys.databases; db++) addNames(shard, db, batch, names)
  }
  return names
}

function addNames(shard: Shard, db: number, batch: PairBatch, names: Set<string>): void {
  const { arena } = shard
  for (let at = 0; at < ALL_HASHES; ) {
    batch.length = 0
    at = dictScan(arena, shard.database(db), at, LISTED, batch)
    for (let i = 0; i < batch.length; i++) {
      const name = batch.refs[i] + NS_NAME
      names.add(toText(arena.u8, name, name + arena.i32[(batch.refs[i] + NS_NAME_LENGTH) >> 2]))
    }
  }
}

function list(ctx: Context, args: Args): void {
  const pattern = args.count > 2 ? patternIn(args, 2) : 0
  const { namespace } = ctx.session
  const found: Buffer[] = []
  for (const name of namesOf(ctx)) {
    if (namespace !== undefined && namespace.name !== name) continue
    const bytes = Buffer.from(name, 'latin1')
    const matches =
      pattern === 0 || globMatches(args.buf, args.starts[pattern], args.ends[pattern], bytes, 0, bytes.length)
    if (matches) found.push(bytes)
  }
  ctx.reply.array(found.length)
  for (const name of found) ctx.reply.bulk(name, 0, name.length)
}

interface Sums {
  keys: number
  timed: number
  logicalBytes: number
  allocatedBytes: number
  /** Keys of each database that has some. */
  readonly databases: Map<number, number>
}

function sumsOf({ keys }: Context, namespace: Namespace): Sums {
  const sums: Sums = { keys: 0, timed: 0, logicalBytes: 0, allocatedBytes: 0, databases: new Map() }
  for (const { db, shard, ns } of partsOf(keys, namespace)) {
    const { arena } = shard
    const count = dictCount(arena, ns)
    sums.keys += count
    sums.databases.set(db, (sums.databases.get(db) ?? 0) + count)
    sums.timed += arena.i32[(ns + NS_TIMED) >> 2]
    sums.logicalBytes += arena.f64[(ns + NS_LOGICAL) >> 3]
    sums.allocatedBytes += arena.f64[(ns + NS_ALLOCATED) >> 3]
  }
  return sums
}

function info(ctx: Context, args: Args): void {
  const bound = ctx.session.namespace
  if (args.count < 3 && bound === undefined) throw SYNTAX
  const namespace = args.count < 3 && bound !== undefined ? bound : namespaceIn(ctx, args, 2)
  const { reply, services } = ctx
  const sums = sumsOf(ctx, namespace)
  const lookUps = ctx.keys.lookUps.of(namespace.hash)
  const { quotaBytes, maxKeys, defaultTtlMs, isFrozen } = services.namespaces.of(namespace)
  const numbers: readonly (readonly [name: string, n: number | undefined])[] = [
    ['expires', sums.timed],
    ['bytes', sums.logicalBytes],
    ['allocated', sums.allocatedBytes],
    ['hits', lookUps?.hits],
    ['misses', lookUps?.misses],
    ['evictions', services.eviction.countIn(namespace)],
    ['quota', quotaBytes],
    ['max-keys', maxKeys],
    ['default-ttl-ms', defaultTtlMs],
  ]
  reply.map(numbers.length + 5)
  reply.bulkText('name')
  reply.bulk(namespace.bytes, 0, namespace.bytes.length)
  reply.bulkText('keys')
  reply.int(sums.keys)
  reply.bulkText('databases')
  reply.map(sums.databases.size)
  for (const [db, count] of sums.databases) {
    reply.int(db)
    reply.int(count)
  }
  for (const [name, n] of numbers) {
    reply.bulkText(name)
    if (n === undefined) reply.null()
    else reply.int(n)
  }
  reply.bulkText('policy')
  reply.bulkText(services.eviction.policyOf(namespace.hash).name)
  reply.bulkText('frozen')
  reply.bool(isFrozen)
}

// ---- configuring ----------------------------------------------------------------------------------------------------

const isNone = (text: string): boolean => text === 'none' || text === '0'

function amount(value: bigint | undefined, error: CommandError): number {
  if (value === undefined || value > BigInt(Number.MAX_SAFE_INTEGER)) throw error
  return Number(value)
}

function milliseconds(text: string): number {
  const match = /^(\d{1,15})(s|ms)?$/.exec(text)
  if (match?.[1] === undefined) throw BAD_TTL
  const ms = Number(match[1]) * (match[2] === 'ms' ? 1 : 1000)
  if (ms > MAX_TTL_MS) throw BAD_TTL
  return ms
}

/** What each property makes of its value, in lower case. */
const PROPERTIES: Readonly<Record<string, (text: string) => Partial<Properties>>> = {
  quota: text => ({ quotaBytes: isNone(text) ? 0 : amount(bytesOf(text), BAD_QUOTA) }),
  'max-keys': text => {
    if (isNone(text)) return { maxKeys: 0 }
    return { maxKeys: amount(/^\d{1,16}$/.test(text) ? BigInt(text) : undefined, BAD_MAX_KEYS) }
  },
  'default-ttl': text => ({ defaultTtlMs: isNone(text) ? 0 : milliseconds(text) }),
  policy: text => {
    const policy = policyNamed(text)
    if (policy === undefined && text !== 'default') throw BAD_POLICY
    return { policy }
  },
}

function set(ctx: Context, args: Args): void {
  const namespace = configurable(ctx, args)
  if (args.count % 2 === 0) throw SYNTAX
  let properties: Partial<Properties> = {}
  for (let i = 3; i < args.count; i += 2) {
    const name = args.text(i).toLowerCase()
    const parse = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name] : undefined
    if (parse === undefined) throw NO_SUCH_PROPERTY
    properties = { ...properties, ...parse(args.text(i + 1).toLowerCase()) }
  }
  ctx.services.namespaces.change(namespace, properties)
  ctx.reply.ok()
}

function configurable(ctx: Context, args: Args): Namespace {
  const namespace = namespaceIn(ctx, args, 2)
  if (namespace.bytes.length > MAX_NAME_BYTES) throw NAME_TOO_LONG
  return namespace
}

function freeze(isFrozen: boolean): (ctx: Context, args: Args) => void {
  return (ctx, args) => {
    ctx.services.namespaces.change(configurable(ctx, args), { isFrozen })
    ctx.reply.ok()
  }
}

// ---- all keys at once -----------------------------------------------------------------------------------------------

function drop(ctx: WriteContext, args: Args): void {
  const namespace = namespaceIn(ctx, args, 2)
  ctx.services.namespaces.expectThawed(namespace)
  ctx.reply.int(dropNamespace(ctx.keys, namespace))
}

function copy(ctx: WriteContext, args: Args): void {
  const { namespaces } = ctx.services
  const source = namespaceIn(ctx, args, 2)
  const target = namespaceIn(ctx, args, 3)
  if (args.count > 5 || (args.count === 5 && !args.is(4, REPLACE))) throw SYNTAX
  if (source.name === target.name) throw SAME_OBJECT
  namespaces.expectThawed(target)
  if (namespaceKeys(ctx.keys, source) === 0) throw NO_KEYS
  if (args.count < 5 && namespaceKeys(ctx.keys, target) > 0) throw TAKEN
  namespaces.expectRoomFor(target, source)
  ctx.reply.int(copyNamespace(ctx.keys, source, target))
}

function swap(ctx: WriteContext, args: Args): void {
  const { namespaces } = ctx.services
  const a = namespaceIn(ctx, args, 2)
  const b = namespaceIn(ctx, args, 3)
  namespaces.expectThawed(a)
  namespaces.expectThawed(b)
  namespaces.expectRoomFor(a, b)
  namespaces.expectRoomFor(b, a)
  if (a.name !== b.name) swapNamespaces(ctx.keys, a, b)
  ctx.reply.ok()
}

const LOOK = { effect: 'server', group: 'server', since: '0.1.0', flags: ['stale'] } as const
const CONFIGURE = { ...LOOK, complexity: 'O(1), and a small file is written', flags: ['admin', 'noscript'] } as const
const WHOLE = {
  effect: 'write',
  group: 'server',
  since: '0.1.0',
  flags: ['noscript'],
  categories: ['keyspace', 'dangerous'],
} as const

const subcommands: readonly Command[] = [
  {
    ...LOOK,
    name: 'list',
    syntax: '[pattern]',
    complexity: 'O(N) for N namespaces',
    summary: 'Lists the namespaces that have keys or properties.',
    run: list,
  },
  {
    ...LOOK,
    name: 'info',
    syntax: '[name]',
    complexity: 'O(1)',
    summary: 'Tells about a namespace: keys, bytes, look-ups, properties.',
    run: info,
  },
  {
    ...CONFIGURE,
    name: 'set',
    syntax: 'name property value [property value ...]',
    summary: 'Sets quota, max-keys, default-ttl or policy of a namespace, all or none.',
    run: set,
  },
  { ...CONFIGURE, name: 'freeze', syntax: 'name', summary: 'Makes a namespace read-only.', run: freeze(true) },
  { ...CONFIGURE, name: 'thaw', syntax: 'name', summary: 'Makes it writable again.', run: freeze(false) },
  {
    ...WHOLE,
    name: 'drop',
    syntax: 'name',
    complexity: 'O(1); the memory is freed in the background',
    summary: 'Deletes all keys of a namespace in all databases; gives how many there were.',
    run: drop,
  },
  {
    ...WHOLE,
    name: 'copy',
    syntax: 'source target [REPLACE]',
    complexity: 'O(N) for N keys and their bytes',
    summary: 'Copies all keys of a namespace in all databases, with their deadlines; gives how many.',
    flags: ['denyoom', 'noscript'],
    run: copy,
  },
  {
    ...WHOLE,
    name: 'swap',
    syntax: 'name1 name2',
    complexity: 'O(N) for N keys',
    summary: 'Exchanges the keys of two namespaces in all databases.',
    run: swap,
  },
]

export const namespaceCommands: readonly Command[] = [
  {
    name: 'ns',
    syntax: '',
    effect: 'server',
    group: 'server',
    since: '0.1.0',
    complexity: 'Depends on subcommand.',
    summary: 'Lists, measures, limits, drops, copies, exchanges and freezes namespaces.',
    flags: [],
    subcommands: [...subcommands, helpSubcommand('ns', subcommands, { since: '0.1.0' })],
    run: () => undefined,
  },
]
