// Where clients may connect: the addresses of `bind` and a Unix socket.

import { chmodSync, existsSync, unlinkSync } from 'node:fs'
import type { Clients } from './clients.ts'
import type { Config } from './config/config.ts'
import type { Log } from './log.ts'

export class Listening {
  /** The port in use; 0 without TCP. */
  port = 0
  private readonly config: Config
  private readonly clients: Clients
  private readonly log: Log

  constructor(config: Config, clients: Clients, log: Log) {
    this.config = config
    this.clients = clients
    this.log = log
  }

  /** Throws an Error that names the address which cannot be had. */
  begin(): void {
    const { config } = this
    const asked = config.port
    if (asked !== 0 || config.file?.format !== 'redis.conf') this.listenTcp(asked)
    if (config.unixsocket !== '') {
      this.removeSocket()
      this.clients.listenUnix(config.unixsocket)
      if (config.unixsocketPerm !== 0) chmodSync(config.unixsocket, config.unixsocketPerm)
    }
  }

  /** Listens where the settings say now; `problem` is returned when that cannot be done. */
  beginAgain(problem: string): string | undefined {
    const before = this.port
    this.clients.stopListening()
    try {
      this.begin()
      return undefined
    } catch (error) {
      this.log.warn(`cannot listen: ${String(error)}`)
      this.clients.stopListening()
      this.port = before
      return problem
    }
  }

  end(): void {
    this.clients.stopListening()
    this.removeSocket()
  }

  private removeSocket(): void {
    const { unixsocket } = this.config
    if (unixsocket !== '' && existsSync(unixsocket)) unlinkSync(unixsocket)
  }

  /** All addresses of `bind`; those with a leading `-` may be missing on this machine. */
  private listenTcp(port: number): void {
    let taken = port
    for (const address of this.config.bind) {
      const optional = address.startsWith('-')
      const plain = optional ? address.slice(1) : address
      const host = plain === '*' ? '0.0.0.0' : plain === '::*' ? '::' : plain
      try {
        taken = this.clients.listen(host, taken)
      } catch (error) {
        const { code } = error as { code?: string }
        if (optional && code === 'EADDRNOTAVAIL') continue
        throw new Error(`cannot listen on ${host}:${taken}: ${code ?? String(error)}`)
      }
    }
    this.port = taken
  }
}
