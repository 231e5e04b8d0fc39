// Combinations of sorted sets and sets: gathered when they are few, they are the same as in the sorted set that many grow in.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { KeyedHash } from '../../src/bytes/siphash.ts'
import { Arena } from '../../src/memory/arena.ts'
import { ReplyWriter } from '../../src/resp/writer.ts'
import { Member } from '../../src/values/member.ts'
import { SetValue } from '../../src/values/set.ts'
import { CollectionLimits, type ValueHost } from '../../src/values/value.ts'
import { SortedSet } from '../../src/values/zset.ts'
import { type Aggregate, type Operation, Sources } from '../../src/values/zset-algebra.ts'
import { replyMembers } from '../../src/values/zset-reply.ts'

const arena = new Arena(2 << 20)

class Host implements ValueHost {
  readonly limits = new CollectionLimits()
  readonly hasher = new KeyedHash(1, 2)
  readonly random = { uint32: () => 0, below: () => 0 }
  readonly nowMs = 0
}

interface Input {
  readonly type: 'zset' | 'large zset' | 'set' | 'integers' | 'none'
  readonly members: readonly (readonly [number, number])[]
  readonly weight: number
}

const host = new Host()

function member(type: Input['type'], n: number): Uint8Array {
  const isInteger = type === 'integers' || n % 3 === 0
  return Buffer.from(isInteger ? String(n * 1000) : `member ${n}`)
}

function made(input: Input): SortedSet | SetValue | undefined {
  if (input.type === 'none' || input.members.length === 0) return undefined
  if (input.type === 'zset' || input.type === 'large zset') {
    const zset = new SortedSet()
    zset.create(host, arena)
    if (input.type === 'large zset') zset.enlarge()
    for (const [n, score] of input.members) {
      const bytes = member(input.type, n)
      if (!zset.find(bytes, 0, bytes.length)) zset.insert(score, bytes, 0, bytes.length)
    }
    return zset
  }
  const set = new SetValue()
  set.create(host, arena)
  const shown = new Member()
  for (const [n] of input.members) {
    const bytes = member(input.type, n)
    shown.setText(bytes, 0, bytes.length)
    set.add(shown)
  }
  return set
}

function printed(zset: SortedSet): string {
  const out = new ReplyWriter()
  out.array(2 * zset.count)
  if (zset.count > 0) replyMembers(out, zset, 0, zset.count, true)
  return Buffer.from(out.buf.subarray(0, out.length)).toString('latin1')
}

function grown(sources: Sources, operation: Operation, aggregate: Aggregate): string {
  const zset = new SortedSet()
  zset.create(host, arena)
  // In a large set -0 keeps its sign, as among those gathered.
  zset.enlarge()
  if (operation === 'union') sources.unite(zset, aggregate)
  else if (operation === 'inter') sources.intersect(zset, aggregate, 0)
  else sources.subtract(zset, host)
  const text = printed(zset)
  zset.release()
  return text
}

const input = fc.record<Input>({
  type: fc.constantFrom('zset', 'large zset', 'set', 'integers', 'none'),
  members: fc.array(fc.tuple(fc.nat(25), fc.constantFrom(0, 1, 2, -1, 0.5, Infinity, -Infinity)), { maxLength: 30 }),
  weight: fc.constantFrom(1, 1, 2, 0, -1, Infinity),
})

test('few members are combined as many are', () => {
  fc.assert(
    fc.property(
      fc.array(input, { minLength: 1, maxLength: 4 }),
      fc.constantFrom<Operation>('union', 'inter', 'diff'),
      fc.constantFrom<Aggregate>('sum', 'min', 'max'),
      (inputs, operation, aggregate) => {
        const values = inputs.map(made)
        const fill = (): Sources => {
          const sources = new Sources()
          sources.clear(host)
          for (const value of values) {
            if (value === undefined) sources.add(undefined, 0, 0)
            else sources.add(arena, value.root, (value.type << 4) | value.form)
          }
          if (operation !== 'diff')
            inputs.forEach(({ weight }, i) => {
              sources.setWeight(i, weight)
            })
          return sources
        }
        const few = fill().gather(operation, aggregate)
        const out = new ReplyWriter()
        few?.reply(out, true)
        expect(Buffer.from(out.buf.subarray(0, out.length)).toString('latin1')).toBe(
          grown(fill(), operation, aggregate),
        )
        few?.release()
        for (const value of values) value?.release()
        expect(arena.allocatedBytes).toBe(0)
      },
    ),
    { numRuns: 400, endOnFailure: true },
  )
})

test('many members are not gathered', () => {
  const members = Array.from({ length: 200 }, (_, i) => [i, i] as const)
  const value = made({ type: 'large zset', members, weight: 1 })
  const sources = new Sources()
  sources.clear(host)
  for (let i = 0; i < 2; i++) sources.add(arena, value?.root ?? 0, ((value?.type ?? 0) << 4) | (value?.form ?? 0))
  expect(sources.gather('union', 'sum')).toBeUndefined()
  expect(sources.gather('inter', 'sum')?.count).toBe(200)
  value?.release()
})
