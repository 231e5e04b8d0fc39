// What changes at once when CONFIG SET changes a setting, for settings that are not looked up where they count.

import type { KeyEvents } from '../pubsub/events.ts'
import type { Session } from '../session/session.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Tracking } from '../tracking/tracking.ts'
import type { AppendOnly } from './append-only.ts'
import type { Clients } from './clients.ts'
import { COLLECTION_FIELDS } from './config/collection-settings.ts'
import type { Config } from './config/config.ts'
import type { Listening } from './listening.ts'
import { type Log, pinoLevel } from './log.ts'
import { mostClients } from './open-files.ts'
import { SLOW_FIELDS, type SlowCommands } from './slow-commands.ts'

/** The settings that limit what a client sends, and what all of them take. */
const CLIENT_LIMITS = [
  'maxRespArgs',
  'maxRespBulkBytes',
  'maxRespInlineBytes',
  'clientQueryBufferLimitBytes',
  'maxmemoryClients',
  'maxmemoryBytes',
] as const

export interface Followers {
  readonly keys: Keyspace
  readonly clients: Clients
  readonly tracking: Tracking
  readonly appendOnly: AppendOnly
  readonly keyEvents: KeyEvents<Session>
  readonly listening: Listening
  readonly slowCommands: SlowCommands
  readonly log: Log
}

/** The followers are as the settings say, now and whenever one changes. */
export function followSettings(config: Config, followers: Followers): void {
  const { clients, tracking, appendOnly, listening, slowCommands, log } = followers
  const follow = (fields: Parameters<Config['onChange']>[0], work: () => void): void => {
    config.onChange(fields, () => {
      work()
      return undefined
    })
  }
  const followNow: typeof follow = (fields, work) => {
    follow(fields, work)
    work()
  }
  followMemory(config, followers.keys, log)
  follow(CLIENT_LIMITS, () => clients.applyLimits())
  config.onChange(['appendonly'], () => appendOnly.follow())
  config.onChange(['aofDisableAutoGc'], () => appendOnly.followGc())
  followNow(['aofTimestampEnabled'], () => appendOnly.noteTimes())
  followNow(['notifyKeyspaceEvents'], () => followKeyEvents(config, followers))
  followNow(['trackingTableMaxKeys'], () => tracking.limit(config.trackingTableMaxKeys))
  followNow(SLOW_FIELDS, () => slowCommands.configure(config))
  follow(['logLevel'], () => {
    log.level = pinoLevel(config.logLevel)
  })
  config.onChange(['port'], () => listening.beginAgain('Unable to listen on this port. Check server logs.'))
  config.onChange(['bind'], () => listening.beginAgain('Failed to bind to specified addresses.'))
  config.onChange(['maxClients'], () => {
    const most = mostClients()
    if (config.maxClients <= most) return undefined
    return `The operating system is not able to handle the specified number of clients, try with ${most}`
  })
}

function followMemory(config: Config, keys: Keyspace, log: Log): void {
  config.onChange(['maxmemoryBytes'], () => {
    keys.limitBytes = config.memoryLimitBytes
    if (keys.limitBytes > keys.capacityBytes) {
      log.warn(`the arenas made at the start hold ${keys.capacityBytes} bytes; a higher limit needs a restart`)
    }
    return undefined
  })
  const limitCollections = (): undefined => {
    for (const field of COLLECTION_FIELDS) keys.limits[field] = config[field]
  }
  config.onChange(COLLECTION_FIELDS, limitCollections)
  limitCollections()
}

/** Keyspace events are listened to while somebody wants them. */
function followKeyEvents(config: Config, { keys, keyEvents }: Followers): void {
  const at = keys.observers.indexOf(keyEvents)
  const wanted = keyEvents.configure(config.notifyKeyspaceEvents)
  keys.announcesNew = wanted && keyEvents.wants('n')
  keys.announcesMisses = wanted && keyEvents.wants('m')
  if (wanted && at < 0) keys.observers.push(keyEvents)
  else if (!wanted && at >= 0) keys.observers.splice(at, 1)
}
