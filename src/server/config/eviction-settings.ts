// Who goes when memory is short: Redis's settings, and those of the two vocabularies' own (store/eviction-policies.ts).

import {
  NO_POLICY,
  NOEVICTION,
  POLICY_NAMES,
  type Policy,
  policyNamed,
  REDIS_POLICIES,
} from '../../store/eviction-policies.ts'
import { BadValue, INT_MAX, integer, type Kind, oneOf, onlyWord } from './kinds.ts'
import { row } from './setting.ts'

const notOneOf = (names: readonly string[]): BadValue =>
  new BadValue(`argument(s) must be one of the following: ${names.join(', ')}`)

function redisPolicy(): Kind<Policy> {
  const names = oneOf(REDIS_POLICIES.map(({ name }) => name))
  return {
    words: 'one',
    inFile: 'plain',
    takes: names.takes,
    parse: words => policyNamed(names.parse(words)) ?? NOEVICTION,
    print: ({ name }) => name,
  }
}

function anyPolicy(): Kind<Policy> {
  return {
    words: 'one',
    inFile: 'plain',
    takes: `one of ${POLICY_NAMES.join(', ')}`,
    parse(words) {
      const policy = policyNamed(onlyWord(words))
      if (policy === undefined) throw notOneOf(POLICY_NAMES)
      return policy
    },
    print: ({ name }) => name,
  }
}

/** `ns1:lru,ns2:mru`: the first colon splits, blanks around names do not count, of two for one namespace the later holds. */
function namedPolicies(): Kind<ReadonlyMap<string, Policy>> {
  return {
    words: 'one',
    inFile: 'quoted',
    takes: `namespace:policy pairs with commas between them; policies are ${POLICY_NAMES.join(', ')}`,
    parse(words) {
      const policies = new Map<string, Policy>()
      for (const pair of onlyWord(words).split(',')) {
        if (pair.trim() === '') continue
        const colon = pair.indexOf(':')
        const name = pair.slice(0, Math.max(0, colon)).trim()
        const policy = policyNamed(pair.slice(colon + 1).trim())
        if (name === '' || name.includes('/')) throw new BadValue(`"${pair.trim()}" is no namespace:policy pair`)
        if (policy === undefined) throw notOneOf(POLICY_NAMES)
        policies.set(name, policy)
      }
      return policies
    },
    print: policies => [...policies].map(([name, policy]) => `${name}:${policy.name}`).join(','),
  }
}

/** A part of the limit: above 0, at most 1. */
function part(): Kind<number> {
  return {
    words: 'one',
    inFile: 'plain',
    takes: 'a number above 0 and at most 1',
    parse(words) {
      const word = onlyWord(words)
      const value = Number(word)
      if (/^(\d+\.?\d*|\.\d+)$/.test(word) && value > 0 && value <= 1) return value
      throw new BadValue('argument must be above 0 and at most 1')
    },
    print: String,
  }
}

const ANY = integer(0n, INT_MAX)

export const EVICTION_SETTINGS = {
  maxmemoryPolicy: row('Memory', 'maxmemory-policy', redisPolicy(), NOEVICTION.name, 'Which keys go at maxmemory.'),
  maxmemorySamples: row(
    'Memory',
    'maxmemory-samples',
    integer(1n, INT_MAX),
    '5',
    'Keys looked at for each that is evicted; more is closer to the policy, and slower.',
  ),
  evictionTenacity: row(
    'Memory',
    'maxmemory-eviction-tenacity',
    integer(0n, 100n),
    '10',
    'How long evictions may hold a write up, from 0 to 100 (as long as it takes); 10 is half a millisecond.',
  ),
  lfuLogFactor: row(
    'Memory',
    'lfu-log-factor',
    ANY,
    '10',
    'Uses that a step of the LFU counter stands for; more is more.',
  ),
  lfuDecayMinutes: row('Memory', 'lfu-decay-time', ANY, '1', 'Minutes without use for a step back; 0 = never.'),
  evictionPolicy: row(
    'Memory',
    'eviction-policy',
    anyPolicy(),
    NO_POLICY.name,
    'Eviction within the namespace that is written to: lru = lfu, mru = mfu, ear; none leaves it to maxmemory-policy.',
  ),
  nsEviction: row(
    'Memory',
    'ns-eviction',
    namedPolicies(),
    '',
    'Policies of namespaces, as in ns1:lru,ns2:mru; the others have eviction-policy.',
  ),
  evictionThreshold: row(
    'Memory',
    'eviction-threshold',
    part(),
    '1',
    'Part of maxmemory from which lru, lfu, mru and mfu evict.',
  ),
} as const

export const EVICTION_FIELDS = Object.keys(EVICTION_SETTINGS) as (keyof typeof EVICTION_SETTINGS)[]
