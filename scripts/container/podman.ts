// Podman in a temporary directory of its own: storage, configuration and all it made go with it. Made for machines where
// containers are not a given: runc because crun refuses hybrid cgroups, limits no higher than our own because raising
// them may be forbidden, host networking because it changes nothing on the machine.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ended, run } from '../support/run.ts'

/** Debian 12's glibc (2.36) is older than the one of the real base: what runs here runs there. */
const BASE_SUITE = 'bookworm'
const BASE_PACKAGES = 'libc6,base-files,netbase'
const MAX_PROCESSES = 32_768

/** The options of every container: no capabilities, nothing gained by exec, nothing writable but the volume. */
export const HARDENED = ['--network=host', '--read-only', '--cap-drop=all', '--security-opt=no-new-privileges'] as const

function openFileLimit(): string {
  return run(['sh', '-c', 'ulimit -Hn']).stdout.trim()
}

export class Podman {
  readonly #dir = mkdtempSync(join(tmpdir(), 'kvns-podman-'))
  readonly #env: Record<string, string>

  constructor() {
    const files = openFileLimit()
    const limits = files === 'unlimited' ? [] : [`nofile=${files}:${files}`, `nproc=${MAX_PROCESSES}:${MAX_PROCESSES}`]
    const settings = [
      '[containers]',
      `default_ulimits = ${JSON.stringify(limits)}`,
      '[engine]',
      'runtime = "runc"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
    ]
    const path = join(this.#dir, 'containers.conf')
    writeFileSync(path, `${settings.join('\n')}\n`)
    this.#env = { CONTAINERS_CONF: path, BUILDAH_FORMAT: 'docker' }
  }

  run(...args: readonly string[]): Ended {
    const storage = ['--root', join(this.#dir, 'root'), '--runroot', join(this.#dir, 'run')]
    return run(['podman', ...storage, ...args], { env: this.#env, timeoutSeconds: 120 })
  }

  /** Makes the image `name` from Debian packages: libc and the files every base has; no shell, no package manager. */
  makeBase(name: string): Ended {
    const tar = join(this.#dir, 'base.tar')
    const made = run(['mmdebstrap', '--quiet', '--variant=extract', `--include=${BASE_PACKAGES}`, BASE_SUITE, tar])
    return made.code === 0 ? this.run('import', '--quiet', tar, name) : made
  }

  /** An empty directory that goes with the rest. */
  directory(name: string): string {
    const path = join(this.#dir, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  close(): void {
    this.run('rm', '--force', '--all', '--volumes', '--time=1')
    this.run('rmi', '--all', '--force')
    this.run('volume', 'rm', '--all', '--force')
    run(['umount', join(this.#dir, 'root/overlay')])
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
