import { expect, test } from 'bun:test'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { AtomicFile } from '../../src/persist/atomic-file.ts'
import { SnapshotDamaged } from '../../src/persist/format.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { type SnapshotSettings, Snapshots } from '../../src/persist/snapshots.ts'
import { SAVE_IN_PROGRESS } from '../../src/resp/errors.ts'
import { ManualClock } from '../../src/store/clock.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import { beginSave, get, inDirectory, makeKeyspace, NOW_MS, set, stateOf } from './keyspaces.ts'

interface Setup {
  readonly keys: Keyspace
  readonly clock: ManualClock
  readonly snapshots: Snapshots
  readonly settings: { -readonly [K in keyof SnapshotSettings]: SnapshotSettings[K] }
  readonly log: string[]
}

function setUp(path: string, more: Partial<SnapshotSettings> = {}): Setup {
  const keys = makeKeyspace()
  const clock = new ManualClock(NOW_MS)
  const log: string[] = []
  const settings: SnapshotSettings = {
    path,
    periodic: 'on',
    intervalMs: 60_000,
    savePoints: [],
    ignoreDamaged: false,
    mode: 'sliced',
    stopsWrites: true,
    microsPerKey: 0,
    ...more,
  }
  const snapshots = new Snapshots(keys, settings, clock, (level, message) => log.push(`${level}: ${message}`))
  return { keys, clock, snapshots, settings, log }
}

function loadedFrom(path: string): Keyspace {
  const { keys, snapshots } = setUp(path)
  runToEnd(snapshots.load())
  return keys
}

test('without a file the keyspace is empty, and at the end nothing is written when nothing changed', () =>
  inDirectory(directory => {
    const { keys, snapshots } = setUp(join(directory, 'a'))
    expect(runToEnd(snapshots.load())).toBeUndefined()
    snapshots.saveAtEnd('changed')
    expect(fs.readdirSync(directory)).toEqual([])
    set(keys, 'k', 'v')
    snapshots.saveAtEnd('changed')
    expect(get(loadedFrom(join(directory, 'a')), 'k')).toBe('v')
  }))

test('SAVE counts: no change is left, LASTSAVE moves, the status is ok', () =>
  inDirectory(directory => {
    const { keys, snapshots, clock } = setUp(join(directory, 'a'))
    expect([snapshots.lastSaveS, snapshots.lastDurationS]).toEqual([NOW_MS / 1000, -1])
    set(keys, 'k', 'v')
    clock.advance(5000)
    snapshots.save()
    expect([keys.dirty, snapshots.lastSaveS, snapshots.lastStatus]).toEqual([0, NOW_MS / 1000 + 5, 'ok'])
    expect(snapshots.lastDurationS).toBe(0)
  }))

test('the interval saves when something changed since the last save, and only then', () =>
  inDirectory(async directory => {
    const path = join(directory, 'a')
    const { keys, snapshots, clock, settings } = setUp(path)
    clock.advance(60_000)
    snapshots.tick()
    expect(snapshots.running).toBe(false)
    set(keys, 'k', '1')
    snapshots.tick()
    expect(snapshots.running).toBe(true)
    await snapshots.idle()
    expect([snapshots.running, keys.dirty]).toEqual([false, 0])
    expect(get(loadedFrom(path), 'k')).toBe('1')
    set(keys, 'k', '2')
    clock.advance(59_999)
    snapshots.tick()
    expect(snapshots.running).toBe(false)
    settings.periodic = 'off'
    clock.advance(1)
    snapshots.tick()
    expect(snapshots.running).toBe(false)
    settings.periodic = 'on'
    snapshots.tick()
    expect(snapshots.running).toBe(true)
    await snapshots.idle()
  }))

test('a save point saves when enough has changed and enough time has passed', () =>
  inDirectory(async directory => {
    const { keys, snapshots, clock } = setUp(join(directory, 'a'), {
      periodic: 'off',
      savePoints: [
        { seconds: 100, changes: 1 },
        { seconds: 10, changes: 3 },
      ],
    })
    set(keys, 'a', '')
    set(keys, 'b', '')
    clock.advance(10_001)
    snapshots.tick()
    expect(snapshots.running).toBe(false)
    set(keys, 'c', '')
    snapshots.tick()
    expect(snapshots.running).toBe(true)
    await snapshots.idle()
    set(keys, 'a', '')
    clock.advance(100_000)
    snapshots.tick()
    expect(snapshots.running).toBe(false)
    clock.advance(1)
    snapshots.tick()
    expect(snapshots.running).toBe(true)
    await snapshots.idle()
  }))

test('while a background save runs there is no second one, and SAVE says so', () =>
  inDirectory(async directory => {
    const { keys, snapshots } = setUp(join(directory, 'a'))
    set(keys, 'k', 'v')
    expect(snapshots.saveInBackground('now')).toBe('started')
    expect(snapshots.saveInBackground('later')).toBe('running')
    let thrown: unknown
    try {
      snapshots.save()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBe(SAVE_IN_PROGRESS)
    set(keys, 'k2', 'v')
    expect([snapshots.dirtyAtStart, snapshots.currentS]).toEqual([1, 0])
    await snapshots.idle()
    expect([keys.dirty, snapshots.currentS]).toEqual([1, -1])
    snapshots.save()
  }))

test('while somebody else walks the keys, a save waits if it may; one that must not wait has the other give up', () =>
  inDirectory(async directory => {
    const { keys, snapshots } = setUp(join(directory, 'a'))
    for (let i = 0; i < 50; i++) set(keys, `k${i}`, 'v')
    const other = new AtomicFile(join(directory, 'other'))
    const { walk } = beginSave(keys, other)
    expect(snapshots.saveInBackground('now')).toBe('blocked')
    expect(snapshots.saveInBackground('later')).toBe('scheduled')
    snapshots.tick()
    expect(snapshots.running).toBe(false)
    while (walk.step());
    snapshots.tick()
    expect([snapshots.running, snapshots.progress]).toEqual([true, { processed: 50, total: 50 }])
    await snapshots.idle()
    expect([snapshots.lastStatus, snapshots.progress]).toEqual(['ok', { processed: 0, total: 0 }])
    const { walk: second } = beginSave(keys, other)
    snapshots.save()
    expect([second.step(), keys.saving]).toEqual([false, undefined])
    other.abandon()
    expect(get(loadedFrom(join(directory, 'a')), 'k7')).toBe('v')
  }))

test('a small keyspace, or mode whole, is saved as it was when the save began', () =>
  inDirectory(async directory => {
    for (const [count, mode] of [
      [50, 'sliced'],
      [30_000, 'whole'],
    ] as const) {
      const path = join(directory, mode)
      const { keys, snapshots } = setUp(path, { mode })
      for (let i = 0; i < count; i++) set(keys, `k${i}`, 'before')
      const before = stateOf(keys)
      snapshots.saveInBackground('now')
      for (let i = 0; i < count; i++) set(keys, `k${i}`, 'after')
      await snapshots.idle()
      expect(stateOf(loadedFrom(path))).toEqual(before)
    }
  }))

test('a large keyspace is saved beside traffic, a flush included, as it was when the save began', () =>
  inDirectory(async directory => {
    const path = join(directory, 'a')
    const { keys, snapshots } = setUp(path)
    for (let i = 0; i < 40_000; i++) set(keys, `k${i}`, 'v'.repeat(100))
    const before = stateOf(keys)
    snapshots.saveInBackground('now')
    let turns = 0
    const ended = snapshots.idle()
    const traffic = () => {
      if (++turns === 5) {
        keys.flush(0)
        for (let i = 0; i < 30_000; i++) set(keys, `n${i}`, 'w'.repeat(100))
      }
      if (snapshots.running) setImmediate(traffic)
    }
    setImmediate(traffic)
    await ended
    expect(turns).toBeGreaterThan(8)
    expect(stateOf(loadedFrom(path))).toEqual(before)
    expect(stateOf(keys).size).toBe(30_000)
    expect(keys.saving).toBeUndefined()
    expect(fs.readdirSync(directory)).toEqual(['a'])
  }))

test('a damaged file stops the start and is never written over', () =>
  inDirectory(async directory => {
    const path = join(directory, 'a')
    fs.writeFileSync(path, 'precious')
    const { keys, snapshots, clock } = setUp(path)
    expect(() => runToEnd(snapshots.load())).toThrow(SnapshotDamaged)
    set(keys, 'k', 'v')
    expect(() => snapshots.save()).toThrow('could not be loaded and is not written over')
    expect(() => snapshots.saveAtEnd('changed')).toThrow('not written over')
    expect(() => snapshots.reload('save', 'forgotten')).toThrow('not written over')
    snapshots.saveInBackground('now')
    await snapshots.idle()
    clock.advance(1e9)
    snapshots.tick()
    expect(snapshots.running).toBe(false)
    expect(snapshots.lastStatus).toBe('err')
    expect(fs.readFileSync(path, 'utf8')).toBe('precious')
    expect(get(keys, 'k')).toBe('v')
  }))

test('when damage is to be ignored the file is moved aside and the start is empty', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const first = setUp(path)
    for (let i = 0; i < 20_000; i++) set(first.keys, `k${i}`, 'v'.repeat(60))
    first.snapshots.save()
    const cut = fs.readFileSync(path).subarray(0, -1)
    fs.writeFileSync(path, cut)
    fs.writeFileSync(`${path}.damaged-${NOW_MS}`, 'earlier')
    const { keys, snapshots, log } = setUp(path, { ignoreDamaged: true })
    expect(runToEnd(snapshots.load())).toBeUndefined()
    expect([stateOf(keys).size, keys.dirty]).toEqual([0, 0])
    expect(fs.readdirSync(directory).sort()).toEqual([`a.damaged-${NOW_MS}`, `a.damaged-${NOW_MS + 1}`])
    expect(fs.readFileSync(`${path}.damaged-${NOW_MS + 1}`)).toEqual(cut)
    expect(log[0]).toStartWith(`warn: snapshot ${path} is damaged at byte `)
    set(keys, 'k', 'v')
    snapshots.save()
    expect(get(loadedFrom(path), 'k')).toBe('v')
  }))

test('a failed save leaves the old file, says err, and is tried again after a pause', () =>
  inDirectory(async directory => {
    const path = join(directory, 'sub/a')
    const { keys, snapshots, clock, log, settings } = setUp(path)
    set(keys, 'k', 'v')
    fs.writeFileSync(join(directory, 'sub'), 'a file where a directory should be')
    expect(() => snapshots.save()).toThrow()
    expect([snapshots.lastStatus, keys.dirty, snapshots.refusesWrites]).toEqual(['ok', 1, false])
    expect(snapshots.saveInBackground('now')).toBe('started')
    await snapshots.idle()
    expect([snapshots.lastStatus, keys.dirty]).toEqual(['err', 1])
    expect(log.at(-1)).toBe(`warn: the snapshot was not saved: ${snapshots.lastError}`)
    expect(snapshots.lastError).toMatch(/^E(NOTDIR|EXIST): /)
    expect(snapshots.refusesWrites).toBe(true)
    for (const off of [{ stopsWrites: false }, { periodic: 'off' }] as const) {
      const before = { ...settings }
      Object.assign(settings, off)
      expect(snapshots.refusesWrites).toBe(false)
      Object.assign(settings, before)
    }
    fs.rmSync(join(directory, 'sub'))
    clock.advance(60_000)
    fs.mkdirSync(path, { recursive: true })
    snapshots.tick()
    await snapshots.idle()
    expect(snapshots.lastStatus).toBe('err')
    expect(fs.readdirSync(join(directory, 'sub'))).toEqual(['a'])
    fs.rmdirSync(path)
    clock.advance(4999)
    snapshots.tick()
    expect(snapshots.running).toBe(false)
    clock.advance(1)
    snapshots.tick()
    await snapshots.idle()
    expect([snapshots.lastStatus, keys.dirty, get(loadedFrom(path), 'k')]).toEqual(['ok', 0, 'v'])
    expect([snapshots.lastError, snapshots.refusesWrites]).toEqual(['', false])
  }))

test('the last save wins over a background save that was running', () =>
  inDirectory(async directory => {
    const path = join(directory, 'a')
    for (const count of [10, 30_000]) {
      const { keys, snapshots } = setUp(path)
      for (let i = 0; i < count; i++) set(keys, `k${i}`, 'before')
      snapshots.saveInBackground('now')
      for (let i = 0; i < count; i++) set(keys, `k${i}`, 'after')
      snapshots.saveAtEnd('changed')
      await snapshots.idle()
      expect(stateOf(loadedFrom(path))).toEqual(stateOf(keys))
      expect(snapshots.lastStatus).toBe('ok')
      expect(fs.readdirSync(directory)).toEqual(['a'])
    }
  }))

test('after FLUSHALL the file is empty too where save points are set, and no change is left', () =>
  inDirectory(directory => {
    for (const savePoints of [[], [{ seconds: 3600, changes: 1 }]]) {
      const path = join(directory, 'a')
      const { keys, snapshots } = setUp(path, { savePoints })
      set(keys, 'k', 'v')
      snapshots.save()
      keys.flushAll()
      snapshots.saveFlushed()
      expect(keys.dirty).toBe(savePoints.length === 0 ? 1 : 0)
      expect(get(loadedFrom(path), 'k')).toBe(savePoints.length === 0 ? 'v' : undefined)
    }
  }))

test('a DEBUG RELOAD that keeps what is there has it replaced by what the file has', () =>
  inDirectory(directory => {
    const { keys, snapshots } = setUp(join(directory, 'a'))
    set(keys, 'ns/both', 'saved')
    set(keys, 'ns/saved', '1')
    snapshots.save()
    set(keys, 'ns/both', 'changed since, and longer')
    set(keys, 'ns/new', '1')
    snapshots.reload('nosave', 'kept')
    expect(['ns/both', 'ns/saved', 'ns/new'].map(name => get(keys, name))).toEqual(['saved', '1', '1'])
    expect(keys.size(0)).toBe(3)
  }))

test('DEBUG RELOAD brings back what it saved, or with nosave what the file has', () =>
  inDirectory(directory => {
    const { keys, snapshots } = setUp(join(directory, 'a'))
    set(keys, 'a/k', '1', 3, NOW_MS + 1000)
    const before = stateOf(keys)
    snapshots.reload('save', 'forgotten')
    expect(stateOf(keys)).toEqual(before)
    expect(keys.dirty).toBe(0)
    set(keys, 'other', '2')
    snapshots.reload('nosave', 'forgotten')
    expect(stateOf(keys)).toEqual(before)
  }))

test('what a killed process left beside the file is removed at start', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    fs.writeFileSync(`${path}.tmp.${Bun.spawnSync(['true']).pid}.01234567`, 'half')
    const { snapshots, log } = setUp(path)
    runToEnd(snapshots.load())
    expect(fs.readdirSync(directory)).toEqual([])
    expect(log).toHaveLength(1)
  }))
