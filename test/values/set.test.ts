import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { KeyedHash } from '../../src/bytes/siphash.ts'
import { Arena } from '../../src/memory/arena.ts'
import { Random } from '../../src/store/random.ts'
import { Member } from '../../src/values/member.ts'
import { SetValue } from '../../src/values/set.ts'
import { SetWalk } from '../../src/values/set-walk.ts'
import { encodingName, FORM_HASHTABLE, FORM_INTSET, FORM_LISTPACK } from '../../src/values/types.ts'
import { CollectionLimits, RestoredElement, type ValueHost, VISIT_END } from '../../src/values/value.ts'

function host(): ValueHost & { readonly limits: CollectionLimits } {
  return { limits: new CollectionLimits(), hasher: new KeyedHash(1, 2), random: new Random(7), nowMs: 0 }
}

const member = new Member()

function aimed(text: string): Member {
  const buf = Buffer.from(`<${text}>`, 'latin1')
  member.setText(buf, 1, buf.length - 1)
  return member
}

const textOf = (m: Member): string => {
  m.spell()
  return Buffer.from(m.buf.slice(m.start, m.end)).toString('latin1')
}

function walked(set: SetValue): string[] {
  const walk = new SetWalk()
  const found: string[] = []
  walk.start(set)
  while (walk.next()) found.push(textOf(walk.member))
  return found
}

function visited(set: SetValue, step: number): string[] {
  const found: string[] = []
  let at = 0
  while (at !== VISIT_END) {
    at = set.visitFrom(at, step, (buf, start, end) => {
      found.push(Buffer.from(buf.slice(start, end)).toString('latin1'))
    })
  }
  return found
}

/** The set under test beside a Set. */
class Sets {
  readonly a: Arena
  readonly set = new SetValue()
  readonly model = new Set<string>()
  readonly limits: CollectionLimits

  constructor(limits: Partial<CollectionLimits> = {}, capacityBytes = 8 << 20) {
    this.a = new Arena(capacityBytes)
    const lender = host()
    this.limits = Object.assign(lender.limits, limits)
    this.set.create(lender, this.a)
  }

  add(text: string): void {
    expect(this.set.add(aimed(text))).toBe(!this.model.has(text))
    this.model.add(text)
  }

  remove(text: string): void {
    expect(this.set.remove(aimed(text))).toBe(this.model.delete(text))
  }

  draw(): string {
    const drawn = new Member()
    const place = this.set.draw()
    this.set.read(place, drawn)
    const text = textOf(drawn)
    expect(this.model.has(text)).toBe(true)
    this.set.removeAt(place, drawn.length)
    this.model.delete(text)
    return text
  }

  check(): void {
    const { set, model, a } = this
    const sorted = [...model].sort()
    expect(set.count).toBe(model.size)
    expect(set.logical).toBe(sorted.join('').length)
    expect(walked(set).sort()).toEqual(sorted)
    expect(visited(set, 3).sort()).toEqual(sorted)
    for (const text of model) expect(set.has(aimed(text))).toBe(true)
    a.check()
    this.checkCopy(sorted)
  }

  private checkCopy(sorted: string[]): void {
    const { set, a } = this
    const before = a.allocatedBytes
    for (const to of [a, new Arena(8 << 20)]) {
      const copy = new SetValue()
      copy.aim(set.host, to, set.copyTo(to), set.form)
      expect(walked(copy).sort()).toEqual(sorted)
      expect(copy.logical).toBe(set.logical)
      copy.release()
    }
    expect(a.allocatedBytes).toBe(before)
  }
}

const text = fc.oneof(
  fc.integer({ min: -30, max: 30 }).map(String),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  fc.constantFrom('9223372036854775807', '9223372036854775808', '-9223372036854775808', '01', '-0', '', '+1', ' 1'),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
)

describe('a set', () => {
  test('is a set, whatever is added, removed and drawn, in every form', () => {
    const step = fc.oneof(
      fc.record({ does: fc.constantFrom('add', 'add', 'add', 'remove'), word: text }),
      fc.record({ does: fc.constant('draw'), word: fc.constant('') }),
    )
    const limits = fc.record({
      setMaxIntsetEntries: fc.constantFrom(0, 3, 512),
      setMaxListpackEntries: fc.constantFrom(0, 5, 128),
      setMaxListpackValueBytes: fc.constantFrom(3, 64),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), limits, (steps, given) => {
        const sets = new Sets(given)
        for (const { does, word } of steps) {
          if (does === 'add') sets.add(word)
          else if (does === 'remove') sets.remove(word)
          else if (sets.model.size > 0) sets.draw()
        }
        sets.check()
        sets.set.clear()
        sets.model.clear()
        sets.check()
        sets.set.release()
        expect(sets.a.allocatedBytes).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test('takes the forms of its limits and never goes back', () => {
    const sets = new Sets({ setMaxIntsetEntries: 4, setMaxListpackEntries: 6, setMaxListpackValueBytes: 10 })
    const forms: number[] = []
    for (const word of ['1', '2', '70000', '-9000000000', '5', 'six', 'seven']) {
      sets.add(word)
      forms.push(sets.set.form)
      sets.check()
    }
    const [I, L, H] = [FORM_INTSET, FORM_LISTPACK, FORM_HASHTABLE]
    expect(forms).toEqual([I, I, I, I, H, H, H])
    expect([I, L, H].map(form => encodingName(2, form))).toEqual(['intset', 'hashtable', 'hashtable'])

    const words = new Sets({ setMaxListpackEntries: 3 })
    const wordForms = ['a', '1', '2', 'd'].map(word => {
      words.add(word)
      return words.set.form
    })
    expect(wordForms).toEqual([L, L, L, H])
    words.remove('a')
    words.remove('d')
    expect(words.set.form).toBe(H)
    words.check()
  })

  test('takes its members back as they were visited, and refuses one twice', () => {
    for (const words of [
      ['1', '2'],
      ['x', '1'],
      ['x'.repeat(100), '1'],
    ]) {
      const sets = new Sets()
      for (const word of words) {
        const element = new RestoredElement()
        element.buf = Buffer.from(word)
        element.ends[0] = word.length
        expect(sets.set.restore(element)).toBe(true)
        expect(sets.set.restore(element)).toBe(false)
        sets.model.add(word)
      }
      sets.check()
    }
  })

  test('is whole after the arena had no room', () => {
    for (const make of [
      (i: number) => `${i}`,
      (i: number) => `${i} is a word`,
      (i: number) => `${2n ** 40n + BigInt(i)}`,
    ]) {
      const sets = new Sets({ setMaxIntsetEntries: 1_000_000, setMaxListpackEntries: 1000 }, 96 << 10)
      const fill = () => {
        for (let i = 0; ; i++) {
          sets.set.add(aimed(make(i)))
          sets.model.add(make(i))
        }
      }
      expect(fill).toThrow()
      expect(() => sets.set.add(aimed('w'.repeat(80_000)))).toThrow()
      expect(walked(sets.set).sort()).toEqual([...sets.model].sort())
      expect(() => sets.set.copyTo(sets.a)).toThrow()
      expect(walked(sets.set).length).toBe(sets.model.size)
      sets.a.check()
      sets.set.release()
      expect(sets.a.allocatedBytes).toBe(0)
    }
  })
})

describe('drawing', () => {
  /** Sum of (found - expected)^2 / expected over all members. */
  function chiSquare(found: ReadonlyMap<string, number>, members: number, draws: number): number {
    let sum = (members - found.size) * (draws / members)
    for (const n of found.values()) sum += (n - draws / members) ** 2 / (draws / members)
    return sum
  }

  const cases = [
    ['an intset', (i: number) => String(i * 1000), 60, 60],
    ['a packed set', (i: number) => `w${i}`, 60, 60],
    ['a table', (i: number) => `${i} ${'x'.repeat(70)}`, 60, 60],
    ['a table that was larger', (i: number) => `${i} ${'x'.repeat(70)}`, 60, 20_000],
  ] as const
  for (const [name, make, members, before] of cases) {
    test(`is uniform in ${name}`, () => {
      const sets = new Sets()
      for (let i = 0; i < before; i++) sets.set.add(aimed(make(i)))
      for (let i = members; i < before; i++) sets.set.remove(aimed(make(i)))
      expect(sets.set.count).toBe(members)
      const found = new Map<string, number>()
      const drawn = new Member()
      const draws = 60_000
      for (let i = 0; i < draws; i++) {
        sets.set.read(sets.set.draw(), drawn)
        const word = textOf(drawn)
        found.set(word, (found.get(word) ?? 0) + 1)
      }
      // 59 degrees of freedom: above 120 once in 250,000 runs.
      expect(chiSquare(found, members, draws)).toBeLessThan(120)
    })
  }
})
