// How much memory this process may use: the machine's, or the container's limit where that is lower. The memory limit of
// the data may be at most 70 % of it, so that what is not data (buffers, the runtime, a snapshot being written) fits too.
import { join } from 'node:path'

/** Reads a small text file; undefined when it is not there or cannot be read. */
export type ReadSmall = (path: string) => string | undefined

/** A cgroup without a limit says "max" (version 2) or a number next to 2^63 (version 1); no machine has this much. */
const NO_LIMIT_BYTES = 2 ** 53

/** cgroups nest: a limit on any level above counts. Deeper than this is not searched. */
const MAX_CGROUP_DEPTH = 32

/** 70 % of the memory there is, in whole bytes; undefined when that cannot be found out. */
export function ramCapBytes(read: ReadSmall, machineBytes: number): number | undefined {
  const ram = ramBytes(read, machineBytes)
  return ram === undefined ? undefined : Math.floor((ram * 70) / 100)
}

/** The lowest of the machine's memory (`machineBytes`, 0 = unknown) and all limits of cgroups, version 1 or 2. */
export function ramBytes(read: ReadSmall, machineBytes: number): number | undefined {
  const limits = cgroupFiles(read('/proc/self/cgroup') ?? '')
    .map(path => limitIn(read(path)))
    .filter(limit => limit !== undefined)
  if (machineBytes > 0) limits.push(machineBytes)
  return limits.length === 0 ? undefined : Math.min(...limits)
}

/**
 * Files that may hold a limit. Lines of /proc/self/cgroup read "0::/path" in version 2 and "7:memory:/path" in version 1.
 * In a container the path may be one of the host that is not mounted here, so the mount's root is asked as well.
 */
function cgroupFiles(table: string): string[] {
  const files: string[] = []
  for (const line of table.split('\n')) {
    const [, controllers = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) continue
    if (controllers === '') files.push(...upwards('/sys/fs/cgroup', path, 'memory.max'))
    if (controllers.split(',').includes('memory')) {
      files.push(...upwards('/sys/fs/cgroup/memory', path, 'memory.limit_in_bytes'))
    }
  }
  return files
}

/** The file in `path` below `mount`, in each folder above it, and in the mount itself. */
function upwards(mount: string, path: string, file: string): string[] {
  const parts = path.split('/').filter(part => part !== '' && part !== '..')
  const depth = Math.min(parts.length, MAX_CGROUP_DEPTH)
  return Array.from({ length: depth + 1 }, (_, up) => join(mount, ...parts.slice(0, depth - up), file))
}

function limitIn(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text.trim())) return undefined
  const limit = Number(text)
  return limit < NO_LIMIT_BYTES ? limit : undefined
}
