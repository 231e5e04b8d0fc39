// The types of values and the forms each can take in memory, with the names that clients see. The numbers are Redis's
// OBJ_* and OBJ_ENCODING_* ones; type and form share the kind byte of an entry (store/entry.ts).

export const TYPE_STRING = 0
export const TYPE_LIST = 1
export const TYPE_SET = 2
export const TYPE_ZSET = 3
export const TYPE_HASH = 4

/** TYPE's answer by type number. */
export const TYPE_NAMES: readonly string[] = ['string', 'list', 'set', 'zset', 'hash', 'module', 'stream']

export const FORM_HASHTABLE = 2
export const FORM_INTSET = 6
export const FORM_SKIPLIST = 7
export const FORM_QUICKLIST = 9
export const FORM_LISTPACK = 11
/** Of Redis 7.4: a small hash with timed fields. */
export const FORM_LISTPACK_EX = 12
/** Ours: a packed hash that shares the names of its fields with others (hash-names.ts). One bit from FORM_LISTPACK. */
export const FORM_SHARED = 10

/**
 * OBJECT ENCODING's answers by type and form. They are Redis 7.0.15's whatever is inside: it has no listpack for lists and
 * for sets of strings, so a packed one goes by the name of what Redis would have there.
 */
const ENCODINGS: readonly Readonly<Record<number, string>>[] = [
  { 0: 'raw', 1: 'int', 8: 'embstr' },
  { [FORM_LISTPACK]: 'quicklist', [FORM_QUICKLIST]: 'quicklist' },
  { [FORM_INTSET]: 'intset', [FORM_LISTPACK]: 'hashtable', [FORM_HASHTABLE]: 'hashtable' },
  { [FORM_LISTPACK]: 'listpack', [FORM_SKIPLIST]: 'skiplist' },
  {
    [FORM_LISTPACK]: 'listpack',
    [FORM_HASHTABLE]: 'hashtable',
    [FORM_LISTPACK_EX]: 'listpackex',
    [FORM_SHARED]: 'listpack',
  },
]

/** What OBJECT ENCODING says of a value of this type in this form. */
export function encodingName(type: number, form: number): string {
  return ENCODINGS[type]?.[form] ?? 'unknown'
}
