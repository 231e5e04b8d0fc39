// The HTTP side: /metrics for Prometheus, /health and /ready for whoever starts and watches servers. Nothing here needs a
// password, and nothing here tells a key or a value.

import type { Exposition } from '../metrics/exposition.ts'
import type { ServerState } from './info/state.ts'

export interface HttpServer {
  /** The port in use. */
  readonly port: number
  /** Closes the port and open connections at once. */
  stop(): void
}

interface Answer {
  readonly status: 200 | 503
  readonly body: unknown
}

/** Seconds after which a client that sends nothing is closed. */
const IDLE_SECONDS = 30
/** None of our requests has a body. */
const MAX_BODY_BYTES = 1024

/**
 * Listens on `host:port` (0: any free one). Throws an Error that names the setting when the address cannot be had.
 */
export function startHttp(host: string, port: number, state: ServerState): HttpServer {
  let made: Promise<Exposition> | undefined
  const exposition = (): Promise<Exposition> => {
    made ??= expositionOf(state)
    return made
  }
  try {
    const server = Bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_BODY_BYTES,
      development: false,
      fetch: request => answer(request, state, exposition),
    })
    return { port: server.port ?? port, stop: () => void server.stop(true) }
  } catch (error) {
    throw new Error(
      `metrics cannot be served on ${host}:${port}: ${reason(error)} (see --metrics-host, --metrics-port)`,
    )
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return 'the port is in use'
  if (code === 'EACCES') return 'permission denied'
  return error instanceof Error ? error.message : String(error)
}

/** At the first scrape: loading prom-client would otherwise take 10 ms of every start. */
async function expositionOf(state: ServerState): Promise<Exposition> {
  const { Exposition } = await import('../metrics/exposition.ts')
  const { keys, evictions, stats, labels, namespaces, table, clients, clock, startedMs, snapshots } = state
  return new Exposition({
    keys,
    stats,
    labels,
    evictions: { evicted: evictions.byNamespace.counts, afterRead: evictions.readByNamespace.counts },
    rules: () => namespaces.all,
    commands: table.rows.map(row => row.fullName),
    connections: () => ({
      total: clients.counts.accepted - clients.counts.rejected,
      current: clients.count,
      blocked: clients.blockedCount,
    }),
    // A command is answered before anybody else is heard, so a scrape never sees one.
    inFlight: () => 0,
    snapshots,
    uptimeSeconds: () => Math.max(0, clock.nowMs() - startedMs) / 1000,
  })
}

type LazyExposition = () => Promise<Exposition>

async function answer(request: Request, state: ServerState, exposition: LazyExposition): Promise<Response> {
  const { pathname } = new URL(request.url)
  const page = PAGES.get(pathname)
  if (page === undefined) return new Response('not found\n', { status: 404 })
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response('method not allowed\n', { status: 405, headers: { allow: 'GET, HEAD' } })
  }
  return await page(state, exposition)
}

type Page = (state: ServerState, exposition: LazyExposition) => Response | Promise<Response>

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['/metrics', (_state, exposition) => metricsPage(exposition)],
  ['/health', state => json(health(state))],
  ['/ready', state => json(readiness(state))],
])

/** All of it, letting clients be served between two namespaces. */
async function metricsPage(lazy: LazyExposition): Promise<Response> {
  const exposition = await lazy()
  let text = await exposition.metrics()
  for (const piece of exposition.histograms()) {
    text += piece
    await new Promise(resolve => setImmediate(resolve))
  }
  return new Response(text, { headers: { 'content-type': exposition.contentType } })
}

function json({ status, body }: Answer): Response {
  return Response.json(body, { status })
}

function readiness({ startLoad }: ServerState): Answer {
  return startLoad.isRunning ? { status: 503, body: { status: 'loading' } } : { status: 200, body: { status: 'ready' } }
}

/** 503 with all reasons while something needs an operator. Who watches over a server must not end it because it loads. */
function health({ startLoad, snapshots, keys }: ServerState): Answer {
  const reasons: string[] = []
  if (snapshots.lastStatus === 'err') reasons.push('the last snapshot failed')
  if (keys.allocatedBytes() > keys.limitBytes) reasons.push('memory is over the limit')
  if (reasons.length > 0) return { status: 503, body: { status: 'failing', reasons } }
  return { status: 200, body: { status: startLoad.isRunning ? 'loading' : 'ok' } }
}
