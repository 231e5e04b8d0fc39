import { describe, expect, test } from 'bun:test'
import { Pauses } from '../../src/session/pauses.ts'
import { Session } from '../../src/session/session.ts'
import { Namespace } from '../../src/store/namespace.ts'

let ids = 0
function session(namespace?: string): Session {
  const made = new Session(++ids, '', '', true, true, 0)
  if (namespace !== undefined) made.namespace = new Namespace(namespace, { namespaceHash: () => 1 })
  return made
}

describe('pauses', () => {
  test('one that a bound client begins holds the clients of its namespace, and nobody else', () => {
    const pauses = new Pauses()
    pauses.begin(session('a'), 'all', 100)
    expect([session('a'), session('b'), session()].map(s => pauses.kindFor(s))).toEqual(['all', undefined, undefined])
    expect(pauses.holdsEverybody).toBe(false)
  })

  test('one of a client that is not bound holds all; the stricter of two counts', () => {
    const pauses = new Pauses()
    pauses.begin(session(), 'write', 100)
    pauses.begin(session('a'), 'all', 200)
    expect([session('a'), session('b'), session()].map(s => pauses.kindFor(s))).toEqual(['all', 'write', 'write'])
    expect([pauses.holdsEverybody, pauses.earliestMs]).toEqual([true, 100])
  })

  test('a bound client ends the pause of its namespace, one that is not bound ends all', () => {
    const pauses = new Pauses()
    for (const by of [session(), session('a'), session('b')]) pauses.begin(by, 'write', 100)
    pauses.end(session('a'))
    expect(pauses.holdsEverybody).toBe(true)
    pauses.end(session())
    expect(pauses.isEmpty).toBe(true)
  })

  test('each lasts through its last millisecond', () => {
    const pauses = new Pauses()
    pauses.begin(session('a'), 'write', 100)
    pauses.endOverdue(100)
    expect(pauses.isEmpty).toBe(false)
    pauses.endOverdue(101)
    expect(pauses.isEmpty).toBe(true)
  })

  test('their number is bounded', () => {
    const pauses = new Pauses()
    expect(() => {
      for (let i = 0; i < 2000; i++) pauses.begin(session(`ns${i}`), 'write', 100)
    }).toThrow()
  })
})
