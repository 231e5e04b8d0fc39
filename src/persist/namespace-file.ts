// The properties of namespaces, beside the snapshot: a small text, written as a whole whenever one changes.
//
//   # kvns: properties of namespaces, as NS SET and NS FREEZE left them.
//   "cache" quota 104857600 max-keys 0 default-ttl-ms 60000 frozen no policy allkeys-lru
//   end 1
//
// Names are quoted as in Redis's configuration. A policy is there only where the namespace has one of its own. Whatever is not as it was written stops the server: to go on without a
// quota or with a namespace that should be frozen is worse than to be told.

import { readFileSync } from 'node:fs'
import { fromText, toText } from '../bytes/ascii.ts'
import { parseSafe } from '../bytes/int64.ts'
import { quoteText, splitArguments } from '../bytes/quote.ts'
import { policyNamed } from '../store/eviction-policies.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Namespace } from '../store/namespace.ts'
import type { Properties, Rule } from '../store/namespace-rules.ts'
import { AtomicFile, hasCode, removeStaleTemps } from './atomic-file.ts'

const HEAD = '# kvns: properties of namespaces, as NS SET and NS FREEZE left them.'
const WORDS_PER_LINE = 9
const WORDS_WITH_POLICY = 11

/** The file that goes with a snapshot's. */
export const namespacePath = (snapshotPath: string): string => `${snapshotPath}.namespaces`

/** Writes all rules to disk. Throws what the file system says; the file is the old one then. */
export function saveNamespaces(path: string, rules: readonly Rule[]): void {
  const lines = [HEAD, ...rules.map(lineOf), `end ${rules.length}`, '']
  const file = new AtomicFile(path)
  try {
    file.writeSync(fromText(lines.join('\n')), 0)
    file.commitSync()
  } catch (error) {
    file.abandon()
    throw error
  }
}

function lineOf({ namespace: { bytes }, quotaBytes, maxKeys, defaultTtlMs, isFrozen, policy }: Rule): string {
  const name = quoteText(bytes, 0, bytes.length)
  const own = policy === undefined ? '' : ` policy ${policy.name}`
  return `${name} quota ${quotaBytes} max-keys ${maxKeys} default-ttl-ms ${defaultTtlMs} frozen ${isFrozen ? 'yes' : 'no'}${own}`
}

/** The rules in the file; none when there is no file. Throws an Error with one clear line when it is not as it was written. */
export function loadNamespaces(path: string, keys: Keyspace): readonly Rule[] {
  removeStaleTemps(path)
  let buf: Uint8Array
  try {
    buf = readFileSync(path)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
  const lines = toText(buf, 0, buf.length).split('\n')
  const rules: Rule[] = []
  for (const [i, line] of lines.entries()) {
    if (line === '') break
    if (line.startsWith('#')) continue
    if (line === `end ${rules.length}` && lines.slice(i + 1).join('') === '') return rules
    const rule = ruleOf(Buffer.from(line, 'latin1'), keys)
    if (rule === undefined)
      throw new Error(`${path} is damaged: line ${i + 1} does not say what a namespace is to have`)
    rules.push(rule)
  }
  throw new Error(`${path} is damaged: it ends before its last line`)
}

function ruleOf(line: Uint8Array, keys: Keyspace): Rule | undefined {
  const words = splitArguments(line, 0, line.length)
  if (words?.length !== WORDS_PER_LINE && words?.length !== WORDS_WITH_POLICY) return undefined
  const [name = '', ...rest] = words.map(word => toText(word, 0, word.length))
  const values: Partial<Record<string, string>> = {}
  for (let i = 0; i < rest.length; i += 2) values[rest[i] ?? ''] = rest[i + 1] ?? ''
  const properties: Properties = {
    quotaBytes: amount(values.quota),
    maxKeys: amount(values['max-keys']),
    defaultTtlMs: amount(values['default-ttl-ms']),
    isFrozen: values.frozen === 'yes',
    policy: policyNamed(values.policy ?? ''),
  }
  const { quotaBytes, maxKeys, defaultTtlMs } = properties
  const isWhole = [quotaBytes, maxKeys, defaultTtlMs].every(n => n >= 0)
  if ((properties.policy === undefined) !== (words.length === WORDS_PER_LINE)) return undefined
  if (!isWhole || (values.frozen !== 'yes' && values.frozen !== 'no')) return undefined
  return { ...properties, namespace: new Namespace(name, keys) }
}

/** NaN for what is none. */
function amount(text = ''): number {
  const bytes = fromText(text)
  return parseSafe(bytes, 0, bytes.length)
}
