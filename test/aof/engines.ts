// Servers without sockets that write an append-only file, and others that read it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runToEnd } from '../../src/persist/loading.ts'
import { Engine, type Settings } from '../support/engine.ts'
import { logged } from './files.ts'

/** The directory of one append-only file, gone at the end. */
export class AofDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'kvns-aof-'))

  /** A server that has loaded the file, if there is one, and writes on. */
  engine(settings: Settings = {}, seed = 1): Engine {
    // Under everysec a write waits for a fdatasync that lasts, and a test does not.
    const quick = { appendfsync: 'no', 'auto-aof-rewrite-percentage': '0' }
    const engine = new Engine({ dir: this.path, appendonly: 'yes', ...quick, ...settings }, seed)
    const { appendOnly } = engine.server
    runToEnd(appendOnly.load())
    appendOnly.open()
    return engine
  }

  /** What the incremental files say, a line a command. */
  get lines(): string[] {
    return logged(this.files)
  }

  get files(): string {
    return join(this.path, 'appendonlydir')
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** What a server holds, as text that differs when anything differs. */
export function digest(engine: Engine): string {
  const client = engine.connect()
  const text = JSON.stringify(client.call('DEBUG', 'DIGEST'))
  client.leave()
  return text
}
