// kvns: from arguments and environment to a running server, and from signals to a clean end.

import { fstatSync, rmSync, writeFileSync } from 'node:fs'
import type { Config } from './server/config/config.ts'
import { helpText } from './server/config/help.ts'
import { type Loaded, loadConfig } from './server/config/load.ts'
import { ConfigProblem } from './server/config/setting.ts'
import { exportFile, importFile } from './server/import.ts'
import { type Log, type LogFormat, openLog } from './server/log.ts'
import { renameCommands } from './server/rename-commands.ts'
import { Server } from './server/server.ts'
import { VERSION } from './server/version.ts'

function main(): void {
  let loaded: Loaded
  try {
    loaded = loadConfig(process.argv.slice(2), process.env)
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error
    process.stderr.write(`kvns: ${error.message}\n`)
    process.exitCode = 1
    return
  }
  const { config, command, file, format } = loaded
  if (command !== 'serve') compileAsUsual()
  if (command === 'help') process.stdout.write(helpText())
  else if (command === 'version') process.stdout.write(`kvns ${VERSION}\n`)
  else if (command === 'ping') pingAndExit(config)
  else if (command === 'import') process.exitCode = importFile(config, file)
  else if (command === 'export') process.exitCode = exportFile(config, file, format)
  else serve(loaded)
}

/** The build has the engine interpret what a start runs once (scripts/build.ts). What comes now runs often. */
const compileAsUsual = (): void => Bun.unsafe.setJITPolicy(1)

async function pingAndExit(config: Config): Promise<void> {
  const { ping } = await import('./server/ping.ts')
  process.exit(await ping(config))
}

/** Asks the system first: the engine's streams would take 3 ms of every start, where the answer is mostly no. */
const isTerminal = (): boolean => fstatSync(1).isCharacterDevice() && process.stdout.isTTY

const isRedis = ({ file }: Config): boolean => file?.format === 'redis.conf'

/** redis-server's own lines for who starts us as redis-server, readable ones on a terminal, JSON elsewhere. */
function logFormat(config: Config): LogFormat {
  if (isRedis(config)) return 'redis'
  return config.logfile === '' && isTerminal() ? 'readable' : 'json'
}

function serve(loaded: Loaded): void {
  const { config, warnings } = loaded
  const log = openLogOrExit(config)
  for (const warning of warnings) log.warn(warning)
  const server = new Server(config, log)
  server.onStopped = code => {
    removePidFile(config)
    process.exit(code)
  }
  const fail = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error)
    log.fatal(message)
    if (config.logfile !== '') process.stderr.write(`kvns: ${message}\n`)
    process.exit(1)
  }
  process.on('SIGINT', () => stopFor(server, 'SIGINT'))
  process.on('SIGTERM', () => stopFor(server, 'SIGTERM'))
  process.on('SIGHUP', () => log.info('SIGHUP ignored'))
  server.onListening = () => {
    // Who waits for this line, as Redis's test suite does, may connect.
    if (isRedis(config)) log.info(`kvns ${VERSION} PID: ${process.pid}`)
    writePidFile(config, log)
    log.info({ port: server.port }, 'Server initialized')
  }
  server.onReady = () => {
    log.info({ port: server.port }, 'Ready to accept connections')
    if (config.readyJson) tellReady(server)
    warnIfOpen(config, log)
  }
  server.onUnusable = error => {
    removePidFile(config)
    fail(error)
  }
  try {
    renameCommands(server.table, loaded.others)
    server.start()
    compileAsUsual()
  } catch (error) {
    fail(error)
  }
}

function warnIfOpen(config: Config, log: Log): void {
  if (config.requirepass !== '' || config.protectedMode || !config.bind.some(isOpen)) return
  log.warn(
    'no password is set and the server listens on more than the loopback address: anybody who reaches it may use it',
  )
}

function openLogOrExit(config: Config): Log {
  try {
    return openLog(config.logLevel, () => logFormat(config), config.logfile)
  } catch (error) {
    process.stderr.write(`kvns: can't open the log file: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}

/** As with Redis the server runs without the file where it cannot be written: distributions' default path is root's. */
function writePidFile({ pidfile }: Config, log: Log): void {
  if (pidfile === '') return
  try {
    writeFileSync(pidfile, `${process.pid}\n`)
  } catch (error) {
    log.warn(`the pid file was not written: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function removePidFile({ pidfile }: Config): void {
  if (pidfile !== '') rmSync(pidfile, { force: true })
}

/** One line for scripts: every port is open, all keys are there. */
function tellReady({ port, metricsPort }: Server): void {
  process.stdout.write(`${JSON.stringify({ ready: true, port, metricsPort, pid: process.pid })}\n`)
}

const isOpen = (address: string): boolean => !/^-?(127\.|::1$|localhost$)/.test(address)

function stopFor(server: Server, signal: 'SIGINT' | 'SIGTERM'): void {
  const { shutdownOnSigint, shutdownOnSigterm } = server.config
  const how = signal === 'SIGINT' ? shutdownOnSigint : shutdownOnSigterm
  server.log.info(`received ${signal}, shutting down`)
  try {
    const save = how.includes('save') ? 'save' : how.includes('nosave') ? 'nosave' : 'default'
    server.shutdown(save, how.includes('force') ? 'force' : 'gentle')
  } catch {
    // The reason is in the log already; a second signal tries again, as with Redis.
    server.log.error('not stopping, because the data could not be saved; send the signal again or use SHUTDOWN NOSAVE')
  }
}

main()
