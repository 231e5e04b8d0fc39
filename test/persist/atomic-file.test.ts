import { expect, test } from 'bun:test'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { AtomicFile, removeStaleTemps } from '../../src/persist/atomic-file.ts'
import { inDirectory, latin1 } from './keyspaces.ts'

test('the old file stays whole until the new one is committed, then it is replaced', () =>
  inDirectory(async directory => {
    const path = join(directory, 'a')
    fs.writeFileSync(path, 'old and longer')
    const file = new AtomicFile(path)
    file.writeSync(latin1('ne'), 0)
    await file.write(latin1('w'), 2)
    expect(fs.readFileSync(path, 'utf8')).toBe('old and longer')
    file.commitSync()
    expect(fs.readFileSync(path, 'utf8')).toBe('new')
    expect(fs.readdirSync(directory)).toEqual(['a'])
  }))

test('directories above the file are made', () =>
  inDirectory(async directory => {
    const path = join(directory, 'x/y/z/a')
    const file = new AtomicFile(path)
    await file.write(latin1('deep'), 0)
    expect(await file.commit(() => true)).toBe('committed')
    expect(fs.readFileSync(path, 'utf8')).toBe('deep')
  }))

test('a commit that is not wanted any more leaves the old file and nothing else', () =>
  inDirectory(async directory => {
    const path = join(directory, 'a')
    fs.writeFileSync(path, 'old')
    const file = new AtomicFile(path)
    await file.write(latin1('new'), 0)
    expect(await file.commit(() => false)).toBe('unwanted')
    file.abandon()
    expect(fs.readFileSync(path, 'utf8')).toBe('old')
    expect(fs.readdirSync(directory)).toEqual(['a'])
  }))

test('the order in which bytes come does not matter, only where they belong', () =>
  inDirectory(async directory => {
    const path = join(directory, 'a')
    const file = new AtomicFile(path)
    file.writeSync(latin1('tle'), 3)
    await file.write(latin1('lit'), 0)
    file.commitSync()
    expect(fs.readFileSync(path, 'utf8')).toBe('little')
  }))

test('two files for one path do not meet', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const one = new AtomicFile(path)
    const two = new AtomicFile(path)
    one.writeSync(latin1('one'), 0)
    two.writeSync(latin1('two'), 0)
    two.commitSync()
    one.abandon()
    expect(fs.readFileSync(path, 'utf8')).toBe('two')
    expect(fs.readdirSync(directory)).toEqual(['a'])
  }))

test('temp files of dead processes and of our own id are removed, those of living ones and other files are not', () =>
  inDirectory(directory => {
    const dead = Bun.spawnSync(['true']).pid
    const names = [
      'a',
      `a.tmp.${dead}.0011aaff`,
      `a.tmp.${process.pid}.0011aaff`,
      'a.tmp.1.0011aaff',
      `ab.tmp.${dead}.0011aaff`,
      `a.tmp.${dead}.mine`,
    ]
    for (const name of names) fs.writeFileSync(join(directory, name), '')
    expect(removeStaleTemps(join(directory, 'a')).sort()).toEqual([names[1] ?? '', names[2] ?? ''].sort())
    expect(fs.readdirSync(directory).sort()).toEqual(['a', names[3] ?? '', names[4] ?? '', names[5] ?? ''].sort())
    expect(removeStaleTemps(join(directory, 'no/such/directory/a'))).toEqual([])
  }))
