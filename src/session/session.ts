// What the server remembers about a client, sockets aside: what HELLO, AUTH, SELECT and CLIENT set, and what CLIENT LIST shows.

import type { Namespace } from '../store/namespace.ts'
import type { Tracker } from './tracker.ts'
import type { Transaction } from './transaction.ts'

export class Session {
  readonly id: number
  /** host:port, or the path of a unix socket. */
  readonly address: string
  readonly localAddress: string
  /** Milliseconds since the epoch. */
  readonly createdMs: number
  activeMs: number
  db = 0
  /** The namespace that it is bound to; undefined: it sees all of them, by their names. */
  namespace: Namespace | undefined
  protocol: 2 | 3 = 2
  authenticated: boolean
  user = 'default'
  name = ''
  libName = ''
  libVersion = ''
  noEvict = false
  noTouch = false
  /** Full name of the last command, as in CLIENT LIST: `get`, `client|list`. */
  lastCommand = ''
  /** Commands served. */
  commands = 0
  /** CLIENT REPLY: whether replies are sent; `skip next`: not to the request that comes, `skip`: not to the one that runs. */
  replies: 'on' | 'off' | 'skip next' | 'skip' = 'on'
  /** What MULTI began; undefined outside a transaction. */
  transaction: Transaction | undefined
  /** A watched key has changed. */
  isSpoilt = false
  /** How what it reads is tracked; undefined: not at all. */
  tracker: Tracker | undefined
  /** Subscriptions to channels, to patterns, to shard channels. */
  channels = 0
  patterns = 0
  shardSubscriptions = 0
  /** It gets a line for each command of others (MONITOR). */
  isMonitor = false
  /** Close after the replies so far are written (QUIT, CLIENT KILL of oneself, protocol errors). */
  closing = false
  /** True when the client reached us over the loopback interface or a unix socket (enable-debug-command local). */
  readonly local: boolean

  constructor(
    id: number,
    address: string,
    localAddress: string,
    local: boolean,
    authenticated: boolean,
    nowMs: number,
  ) {
    this.id = id
    this.address = address
    this.localAddress = localAddress
    this.local = local
    this.authenticated = authenticated
    this.createdMs = nowMs
    this.activeMs = nowMs
  }

  /** What the confirmations of channels and patterns count. */
  get subscriptions(): number {
    return this.channels + this.patterns
  }

  /** Whether it listens to anything; in RESP2 it may do little else then. */
  get isSubscribed(): boolean {
    return this.channels + this.patterns + this.shardSubscriptions > 0
  }

  /** Whether the other one is any of its business: one that is bound to a namespace sees only those bound to the same. */
  sees(other: Session): boolean {
    return this.namespace === undefined || this.namespace.name === other.namespace?.name
  }

  /** RESET: back to what a new connection has, but its id and age. */
  reset(authenticated: boolean): void {
    this.db = 0
    this.namespace = undefined
    this.protocol = 2
    this.authenticated = authenticated
    this.user = 'default'
    this.name = ''
    this.noEvict = false
    this.noTouch = false
    if (this.replies !== 'skip') this.replies = 'on'
    this.transaction = undefined
  }
}
