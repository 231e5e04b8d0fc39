// Where channels live: those of connections that see everything, and those of each namespace that connections are bound
// to. What is published in one space is not heard in another.

import { Channels } from './channels.ts'

export class ChannelSpaces<S extends object> {
  /** Of connections that are bound to no namespace. */
  readonly common = new Channels<S>()
  private readonly bound = new Map<string, Channels<S>>()
  /** Where nobody listens. */
  private readonly silent = new Channels<S>()

  /** To speak in or look at. `namespace` is a byte string. */
  of(namespace: string | undefined): Channels<S> {
    return namespace === undefined ? this.common : (this.bound.get(namespace) ?? this.silent)
  }

  /** To listen in. */
  open(namespace: string | undefined): Channels<S> {
    if (namespace === undefined) return this.common
    const known = this.bound.get(namespace)
    if (known !== undefined) return known
    const made = new Channels<S>()
    this.bound.set(namespace, made)
    return made
  }

  /** Whether anybody listens in a namespace. */
  get isAnyOpen(): boolean {
    return this.bound.size > 0
  }

  /** Called when subscriptions have ended: a space without any is no more. */
  tidy(namespace: string | undefined): void {
    if (namespace !== undefined && this.bound.get(namespace)?.isEmpty === true) this.bound.delete(namespace)
  }

  /** Ends all subscriptions of one that is gone or starts anew. */
  forget(s: S, namespace: string | undefined): void {
    this.of(namespace).forget(s)
    this.tidy(namespace)
  }
}
