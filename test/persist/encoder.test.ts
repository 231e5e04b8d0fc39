import { expect, test } from 'bun:test'
import { join } from 'node:path'
import fc from 'fast-check'
import { AtomicFile } from '../../src/persist/atomic-file.ts'
import { SnapshotEncoder } from '../../src/persist/encoder.ts'
import { OPENING } from '../../src/persist/format.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import { moveKey } from '../../src/store/transfer.ts'
import { get, inDirectory, latin1, makeKeyspace, NOW_MS, set, stateOf } from './keyspaces.ts'

function del(keys: Keyspace, name: string, db = 0): void {
  const buf = latin1(name)
  if (keys.locateIn(keys.at, db, buf, 0, buf.length) !== 0) keys.remove(keys.at, 'del')
}

/** RENAME, or MOVE when the databases differ. Nothing when the source is missing or the target is taken. */
function rename(keys: Keyspace, from: string, to: string, fromDb = 0, toDb = 0): void {
  const source = latin1(from)
  const target = latin1(to)
  if (keys.locateIn(keys.at, fromDb, source, 0, source.length) === 0) return
  if (keys.locateIn(keys.other, toDb, target, 0, target.length) !== 0) return
  moveKey(keys, keys.at, keys.other)
  const verb = fromDb === toDb ? 'rename' : 'move'
  keys.commit(keys.at, `${verb}_from`)
  keys.commit(keys.other, `${verb}_to`)
}

/** Saves with `between` called after each step, and loads the file into a new keyspace. */
function saveWith(keys: Keyspace, path: string, between: (step: number) => void): Keyspace {
  const encoder = new SnapshotEncoder(keys, NOW_MS)
  keys.observers.push(encoder)
  const file = new AtomicFile(path)
  file.writeSync(OPENING)
  for (let step = 0; ; step++) {
    const progress = encoder.step()
    if (progress !== 'filling') file.writeSync(encoder.take())
    if (progress === 'end') break
    if (!encoder.urgent) between(step)
  }
  file.commitSync()
  expect(encoder.stale).toBe(false)
  keys.observers.pop()
  const loaded = makeKeyspace(77)
  loadSnapshot(loaded, path)
  return loaded
}

test('a key that is renamed or moved again and again during a save is in the file exactly once', () =>
  inDirectory(directory => {
    const where = fc.record({ slot: fc.nat({ max: 39 }), db: fc.nat({ max: 1 }) })
    const moves = fc.array(fc.tuple(where, where), { minLength: 0, maxLength: 6 })
    const name = (slot: number) => (slot % 3 === 0 ? `slot${slot}` : `ns${slot % 3}/slot${slot}`)
    fc.assert(
      fc.property(fc.array(moves, { minLength: 20, maxLength: 20 }), fc.integer(), (script, seed) => {
        const keys = makeKeyspace(seed)
        const sizes = [5, 100, 40_000, 300_000]
        const values: string[] = []
        for (let i = 0; i < 20; i++) values.push(String.fromCharCode(97 + i).repeat(sizes[i % 4] ?? 0))
        for (const [i, value] of values.entries()) set(keys, name(2 * i), value, i % 2)
        for (let i = 0; i < 200; i++) set(keys, `stays${i}`, 'x', i % 2)
        const loaded = saveWith(keys, join(directory, 'a'), step => {
          for (const [from, to] of script[step] ?? []) rename(keys, name(from.slot), name(to.slot), from.db, to.db)
        })
        const found = [...stateOf(loaded)].filter(([key]) => key.includes('slot')).map(([, seen]) => seen.value)
        expect(found.sort()).toEqual(values.sort())
        expect(stateOf(loaded).size).toBe(220)
      }),
      { numRuns: 60 },
    )
  }))

test('each key is loaded with a value that it had during the save, and untouched keys are exact', () =>
  inDirectory(directory => {
    const change = fc.record({ key: fc.nat({ max: 19 }), kind: fc.constantFrom('set', 'large', 'del', 'expire') })
    fc.assert(
      fc.property(
        fc.array(fc.array(change, { maxLength: 4 }), { minLength: 30, maxLength: 30 }),
        fc.integer(),
        (script, seed) => {
          const keys = makeKeyspace(seed)
          const had = new Map<string, Set<string | undefined>>()
          const note = (name: string) => had.set(name, (had.get(name) ?? new Set()).add(get(keys, name)))
          for (let i = 0; i < 20; i++) {
            set(keys, `key${i}`, `${i}`.repeat(i % 2 === 0 ? 4 : 400_000))
            note(`key${i}`)
          }
          for (let i = 0; i < 100; i++) set(keys, `same${i}`, `value ${i}`)
          let turn = 0
          const loaded = saveWith(keys, join(directory, 'a'), step => {
            for (const { key, kind } of script[step] ?? []) {
              const name = `key${key}`
              if (kind === 'set') set(keys, name, `new ${turn++}`)
              else if (kind === 'large') set(keys, name, `${turn++}.`.repeat(150_000))
              else if (kind === 'expire') set(keys, name, `${turn++}`, 0, NOW_MS + 3)
              else del(keys, name)
              note(name)
            }
          })
          const hadValue = [...had].filter(([name, values]) => !values.has(get(loaded, name)))
          expect(hadValue.map(([name]) => name)).toEqual([])
          for (let i = 0; i < 100; i++) expect(get(loaded, `same${i}`)).toBe(`value ${i}`)
          stateOf(loaded)
        },
      ),
      { numRuns: 40 },
    )
  }))

test('a large value that changes all the time does not hold up the save for ever', () =>
  inDirectory(directory => {
    const keys = makeKeyspace()
    const fresh = (n: number) => String.fromCharCode(97 + (n % 26)).repeat(1_500_000)
    set(keys, 'busy', fresh(0))
    let steps = 0
    const loaded = saveWith(keys, join(directory, 'a'), step => {
      set(keys, 'busy', fresh(step))
      steps++
    })
    expect(get(loaded, 'busy')).toMatch(/^(.)\1{1499999}$/)
    expect(steps).toBeLessThan(30)
  }))

test('a large value that goes away while it is written is not in the file, whatever made it go', () =>
  inDirectory(directory => {
    for (const kind of ['del', 'expired'] as const) {
      const keys = makeKeyspace()
      set(keys, 'large', 'x'.repeat(1_500_000), 0, NOW_MS + 5)
      let parts = 0
      const loaded = saveWith(keys, join(directory, 'a'), () => {
        if (++parts !== 5) return
        if (kind === 'del') del(keys, 'large')
        else keys.setNow(NOW_MS + 6)
        expect(get(keys, 'large')).toBeUndefined()
      })
      expect(parts).toBeGreaterThan(5)
      expect(stateOf(loaded).size).toBe(0)
    }
  }))

test('a flushed or swapped database makes the file that is being written worthless, and the encoder says so', () => {
  for (const upset of [(keys: Keyspace) => keys.flush(0), (keys: Keyspace) => keys.swap(0, 1)]) {
    const keys = makeKeyspace()
    set(keys, 'k', 'v')
    const encoder = new SnapshotEncoder(keys, NOW_MS)
    keys.observers.push(encoder)
    expect(encoder.stale).toBe(false)
    upset(keys)
    expect(encoder.stale).toBe(true)
  }
})
