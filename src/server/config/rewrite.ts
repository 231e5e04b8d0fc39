// CONFIG REWRITE: the file the server was started with says afterwards what is in force, and keeps its comments, its
// order and what is not ours to understand. A setting's own lines are reused; one that the file does not name and that
// is not at its default is added below a line that says so (rewriteConfig of Redis 7.0.15).
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from './config.ts'
import { type RewriteScope, rewriteRedisConf } from './rewrite-redis-conf.ts'
import { rewriteYaml } from './rewrite-yaml.ts'
import { ConfigProblem } from './setting.ts'

/** Rewrites the file in place, in one step; returns the text of the error reply, or nothing when it is done. */
export function rewriteConfigFile(config: Config, scope: RewriteScope): string | undefined {
  const { file } = config
  if (file === undefined) return 'The server is running without a config file'
  try {
    const old = readOld(file.path)
    const text =
      file.format === 'yaml' ? rewriteYaml(old, config, scope, file.path) : rewriteRedisConf(old, config, scope)
    replaceFile(file.path, text)
    return undefined
  } catch (error) {
    if (error instanceof ConfigProblem || isSystemError(error)) return `Rewriting config file: ${reasonOf(error)}`
    throw error
  }
}

/** The file may have been deleted since the start: then it is written anew. */
function readOld(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(path, 'utf8')
}

/** A reader sees the old file or the new one, also after a crash. The mode stays: the file may hold a password. */
function replaceFile(path: string, text: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0o644
  const temporary = `${path}.${process.pid}.rewrite`
  try {
    writeFileSync(temporary, text, { mode: mode & 0o777, flush: true })
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('E')
}

/** "EACCES: permission denied, open '/x'" as C's strerror says it: "Permission denied". */
function reasonOf(error: Error): string {
  const reason = /^E[A-Z0-9]+: ([^,]+)/.exec(error.message)?.[1] ?? error.message
  return reason.charAt(0).toUpperCase() + reason.slice(1)
}
