// Who goes when memory is short: the policies by their names. There are two vocabularies, which never mix: Redis's
// (maxmemory-policy) and that of the KVNS settings, whose `lru` and `lfu` are one and count hits, as do `mru` and `mfu`.
//
//                     evicts            first                          a write evicts
//   allkeys-*         any key           oldest, least used, random     keys of all namespaces that have no policy of their own
//   volatile-*        with a deadline   the same, soonest deadline     the same; set for a namespace: its keys only
//   lru, lfu          any key           with the fewest hits           keys of its own namespace, never the key itself
//   mru, mfu          any key           with the most hits             the same
//   ear               none when memory is short: what was read goes within a second (after-read.ts)

export type Order = 'none' | 'idle' | 'infrequent' | 'random' | 'soonest' | 'fewest-hits' | 'most-hits'

export interface Policy {
  readonly name: string
  readonly order: Order
  /** Only keys with a deadline. */
  readonly isVolatile: boolean
  readonly vocabulary: 'redis' | 'kvns'
  readonly isAfterRead: boolean
}

function redis(name: string, order: Order): Policy {
  return { name, order, isVolatile: name.startsWith('volatile-'), vocabulary: 'redis', isAfterRead: false }
}

function kvns(name: string, order: Order): Policy {
  return { name, order, isVolatile: false, vocabulary: 'kvns', isAfterRead: name === 'ear' }
}

export const NOEVICTION = redis('noeviction', 'none')
export const NO_POLICY = kvns('none', 'none')

/** In the order of Redis's maxmemory_policy_enum, which CONFIG SET tells whoever gives another name. */
export const REDIS_POLICIES: readonly Policy[] = [
  redis('volatile-lru', 'idle'),
  redis('volatile-lfu', 'infrequent'),
  redis('volatile-random', 'random'),
  redis('volatile-ttl', 'soonest'),
  redis('allkeys-lru', 'idle'),
  redis('allkeys-lfu', 'infrequent'),
  redis('allkeys-random', 'random'),
  NOEVICTION,
]

const KVNS_POLICIES: readonly Policy[] = [
  NO_POLICY,
  kvns('lru', 'fewest-hits'),
  kvns('lfu', 'fewest-hits'),
  kvns('mru', 'most-hits'),
  kvns('mfu', 'most-hits'),
  kvns('ear', 'none'),
]

const EAR_ALIASES = ['expire_after_read', 'expireafterread']

export const POLICY_NAMES: readonly string[] = [...KVNS_POLICIES, ...REDIS_POLICIES].map(({ name }) => name)

const BY_NAME = new Map([
  ...[...KVNS_POLICIES, ...REDIS_POLICIES].map(policy => [policy.name, policy] as const),
  ...EAR_ALIASES.map(alias => [alias, kvns('ear', 'none')] as const),
])

/** The policy with a name of either vocabulary, in any case; undefined for others. */
export function policyNamed(name: string): Policy | undefined {
  return BY_NAME.get(name.toLowerCase())
}

export const evicts = ({ order }: Policy): boolean => order !== 'none'
