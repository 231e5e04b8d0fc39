// How much memory there is: the machine's, or a container's limit on any level, in both versions of cgroups.
import { describe, expect, test } from 'bun:test'
import { ramBytes, ramCapBytes } from '../../src/server/config/ram.ts'

const MACHINE = 8 * 1024 ** 3

function ram(files: Record<string, string>, machine = MACHINE): number | undefined {
  return ramBytes(path => files[path], machine)
}

describe('version 2', () => {
  test('the limit of the own group counts', () => {
    expect(ram({ '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/a/b/memory.max': '1000\n' })).toBe(1000)
  })

  test('a limit above counts when it is lower', () => {
    const files = { '/sys/fs/cgroup/a/b/memory.max': 'max\n', '/sys/fs/cgroup/a/memory.max': '500\n' }
    expect(ram({ '/proc/self/cgroup': '0::/a/b\n', ...files })).toBe(500)
  })

  test('in a container the limit stands at the root of the mount', () => {
    expect(ram({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': '700\n' })).toBe(700)
    expect(ram({ '/proc/self/cgroup': '0::/../../x\n', '/sys/fs/cgroup/memory.max': '700\n' })).toBe(700)
  })
})

describe('version 1', () => {
  const table = '12:cpu,cpuacct:/x\n4:memory:/docker/1\n'

  test('the memory controller is the one that counts', () => {
    const path = '/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes'
    expect(ram({ '/proc/self/cgroup': table, [path]: '900\n' })).toBe(900)
  })

  test('the huge number that stands for no limit does not count', () => {
    const path = '/sys/fs/cgroup/memory/memory.limit_in_bytes'
    expect(ram({ '/proc/self/cgroup': table, [path]: '9223372036854771712\n' })).toBe(MACHINE)
  })
})

test('a limit above what the machine has does not count', () => {
  expect(ram({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': String(MACHINE * 2) })).toBe(MACHINE)
})

test('without files the machine counts, and when that is unknown there is no answer', () => {
  expect([ram({}), ram({}, 0)]).toEqual([MACHINE, undefined])
})

test('the cap is 70 % in whole bytes', () => {
  expect(ramCapBytes(() => undefined, 1001)).toBe(700)
})
