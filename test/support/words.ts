// A line as one types it into redis-cli, taken apart into words: blanks separate, "..." knows \n \r \t \\ \" and \xHH,
// '...' only \'. A character is a byte.

const WORD = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']+))(?=\s|$)/gy
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }

function unquote(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** Throws Error for a line that no redis-cli would take. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  WORD.lastIndex = 0
  let at = 0
  for (let found = WORD.exec(line); found !== null; found = WORD.exec(line)) {
    const [whole, double, single, plain = ''] = found
    at += whole.length
    if (double !== undefined) words.push(unquote(double))
    else words.push(single === undefined ? plain : single.replaceAll("\\'", "'"))
  }
  if (line.slice(at).trim() !== '') throw new Error(`quotes that do not match: ${line}`)
  return words
}
