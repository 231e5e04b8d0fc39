import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { KeyedHash } from '../../src/bytes/siphash.ts'
import { Arena } from '../../src/memory/arena.ts'
import { Random } from '../../src/store/random.ts'
import { Member } from '../../src/values/member.ts'
import { SetValue } from '../../src/values/set.ts'
import {
  collectUnion,
  Difference,
  fill,
  Intersection,
  type MemberSource,
  SetList,
  walkIsBest,
} from '../../src/values/set-algebra.ts'
import { SetWalk } from '../../src/values/set-walk.ts'
import { FORM_HASHTABLE, FORM_INTSET, FORM_LISTPACK } from '../../src/values/types.ts'
import { CollectionLimits, type ValueHost } from '../../src/values/value.ts'

const host: ValueHost & { readonly limits: CollectionLimits } = {
  limits: new CollectionLimits(),
  hasher: new KeyedHash(1, 2),
  random: new Random(7),
  nowMs: 0,
}
const arenas = [new Arena(8 << 20), new Arena(8 << 20)]

const list = new SetList()
const source = new SetValue()
const other = new SetValue()
const intersection = new Intersection(list, source, other)
const difference = new Difference(list, source, other)
const member = new Member()

function built(texts: Iterable<string>, a: Arena): SetValue {
  const set = new SetValue()
  set.create(host, a)
  for (const text of texts) {
    const buf = Buffer.from(text)
    member.setText(buf, 0, buf.length)
    set.add(member)
  }
  return set
}

function texts(members: MemberSource): string[] {
  const found: string[] = []
  while (members.next()) {
    members.member.spell()
    found.push(Buffer.from(members.member.buf.slice(members.member.start, members.member.end)).toString())
  }
  return found
}

function walked(set: SetValue): string[] {
  const walk = new SetWalk()
  walk.start(set)
  return texts(walk)
}

/** Looks the sets up anew, as a command does: algebra puts the list in another order. */
function listed(sets: readonly (SetValue | undefined)[]): void {
  list.reset()
  for (const set of sets) {
    if (set === undefined) list.addMissing()
    else list.add(set)
  }
}

/** The set that a STORE makes, and whether one by one the same had come about. */
function expectStored(collect: (target: SetValue) => void, wanted: readonly string[]): void {
  const [a] = arenas as [Arena]
  const target = new SetValue()
  target.create(host, a)
  collect(target)
  target.complete()
  const model = built(wanted, a)
  expect(walked(target)).toEqual(walked(model))
  expect([target.form, target.count, target.logical]).toEqual([model.form, model.count, model.logical])
  target.release()
  model.release()
}

/** Integers of all widths, texts, and texts that begin like integers; some long, so that a set with one becomes a table. */
const text = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom('40000', '-40000', '5000000000', '-5000000000', '9223372036854775807') },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 30 }).map(n => `m${n}`) },
  { weight: 1, arbitrary: fc.constantFrom('007', '-0', '', '1x', 'a'.repeat(64), 'b'.repeat(70)) },
)
const integers = fc.uniqueArray(fc.integer({ min: -60, max: 60 }).map(String), { maxLength: 60 })
const wideIntegers = fc.uniqueArray(
  fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 2 ** 31 - 3, max: 2 ** 31 + 3 })).map(String),
  { maxLength: 30 },
)
const some = fc.oneof(
  fc.uniqueArray(text, { maxLength: 40 }),
  fc.uniqueArray(
    fc.integer({ min: 0, max: 60 }).map(n => `m${n}`),
    { maxLength: 60 },
  ),
  integers,
  wideIntegers,
)

describe('intersection, difference and union of sets of all forms', () => {
  const forms = new Set<string>()

  test('have the members that a model has, in the order of the set that is walked', () => {
    fc.assert(
      fc.property(
        fc.array(some, { minLength: 1, maxLength: 5 }),
        fc.constantFrom({ setMaxListpackEntries: 128 }, { setMaxListpackEntries: 0 }, { setMaxIntsetEntries: 8 }),
        fc.array(fc.nat(4), { maxLength: 2 }),
        (contents, limits, repeated) => {
          Object.assign(host.limits, new CollectionLimits(), limits)
          const made = contents.map((content, i) => built(content, arenas[i & 1] as Arena))
          const sets = [...made, ...repeated.map(i => made[i % made.length] as SetValue)]
          const models = sets.map(set => new Set(walked(set)))
          const first = sets[0] as SetValue
          const firstForm = first.form
          for (const set of sets) forms.add(`${firstForm} with ${set.form}`)

          listed(sets)
          intersection.start(host)
          const common = [...(models[0] as Set<string>)].filter(m => models.every(model => model.has(m)))
          const found = texts(intersection)
          expect([...found].sort()).toEqual(common.sort())
          const smallest = sets.find(set => set.count === Math.min(...sets.map(one => one.count))) as SetValue
          expect(found).toEqual(walked(smallest).filter(m => found.includes(m)))
          listed(sets)
          intersection.start(host)
          expectStored(target => fill(target, source, intersection), found)

          const others = sets.slice(1).filter(set => set !== first)
          listed([first, undefined, ...others])
          if (walkIsBest(list)) {
            difference.start(host)
            const rest = walked(first).filter(m => !others.some(set => walked(set).includes(m)))
            expect(texts(difference)).toEqual(rest)
          }

          listed([undefined, ...sets])
          const all = [...new Set(sets.flatMap(walked))]
          expectStored(target => collectUnion(list, host, source, target), all)
          for (const set of made) set.release()
        },
      ),
      { numRuns: 600 },
    )
    for (const form of [FORM_INTSET, FORM_LISTPACK, FORM_HASHTABLE])
      for (const with_ of [FORM_INTSET, FORM_LISTPACK, FORM_HASHTABLE]) expect(forms).toContain(`${form} with ${with_}`)
  })

  test('sets as large as the limits allow, and larger', () => {
    Object.assign(host.limits, new CollectionLimits(), { setMaxListpackEntries: 2000, setMaxIntsetEntries: 2000 })
    const [a] = arenas as [Arena]
    const names = (from: number, to: number, prefix: string): string[] =>
      Array.from({ length: to - from }, (_, i) => `${prefix}${from + i}`)
    for (const prefix of ['', 'member:'])
      for (const size of [4, 5, 511, 512, 513, 1500]) {
        const one = built(names(0, size, prefix), a)
        const two = built(names(size - 3, 2 * size, prefix), a)
        const three = built(names(size - 2, 3 * size, prefix), a)
        listed([one, two, three])
        intersection.start(host)
        expect(texts(intersection)).toEqual(names(size - 2, size, prefix))
        listed([one, three, two])
        difference.start(host)
        expect(texts(difference).length).toBe(size - 3)
        for (const set of [one, two, three]) set.release()
      }
  })
})
