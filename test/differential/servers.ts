// Debian's redis-server and ours side by side on free ports, each in a directory of its own. Needs redis-server in the PATH.

import { ourEnvironment, Server } from '../../scripts/support/server.ts'
import { PROGRAM } from '../support/server.ts'
import type { Ports } from './campaign.ts'

const DEBUG = ['--enable-debug-command', 'yes']

/** Throws when ours has met a bug of its own: an answer of `ERR internal error`. */
export async function besideRedis(work: (ports: Ports) => Promise<void>): Promise<void> {
  const redis = await Server.start({
    name: 'redis',
    argv: ['redis-server', '--port', '{port}', '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...DEBUG],
  })
  try {
    const ours = await Server.start({ name: 'kvns', argv: [...PROGRAM, ...DEBUG], env: ourEnvironment() })
    try {
      await work({ redis: redis.port, ours: ours.port })
      if (/internal error/.test(ours.log())) throw new Error(ours.log())
    } finally {
      await ours.stop()
    }
  } finally {
    await redis.stop()
  }
}
