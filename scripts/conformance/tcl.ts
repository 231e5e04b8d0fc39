// Tcl lists as text, and the packets in which the suite's test clients talk to their test server: a length, a newline,
// and a list of that many characters. Bytes stand for characters one to one (latin1).

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' }

/** One word as an element of a Tcl list. */
function quoteWord(word: string): string {
  if (word === '') return '{}'
  return word.replace(/[\s\\{}[\]$";#]/g, found => (found === '\n' ? '\\n' : found === '\r' ? '\\r' : `\\${found}`))
}

export function tclList(...words: string[]): string {
  return words.map(quoteWord).join(' ')
}

/** The elements of a Tcl list, as Tcl itself prints lists: braces, quotes, backslashes. */
export function parseTclList(text: string): string[] {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (at < text.length && /\s/.test(text.charAt(at))) at++
    if (at >= text.length) return words
    const [word, next] = text[at] === '{' ? bracedWord(text, at) : bareWord(text, at)
    words.push(word)
    at = next
  }
}

function bracedWord(text: string, start: number): [word: string, next: number] {
  let depth = 1
  let at = start + 1
  for (; at < text.length && depth > 0; at++) {
    const sign = text[at]
    if (sign === '\\') at++
    else if (sign === '{') depth++
    else if (sign === '}') depth--
  }
  return [text.slice(start + 1, at - 1), at]
}

function bareWord(text: string, start: number): [word: string, next: number] {
  const quoted = text[start] === '"'
  let word = ''
  let at = quoted ? start + 1 : start
  while (at < text.length) {
    const sign = text.charAt(at)
    if (quoted ? sign === '"' : /\s/.test(sign)) break
    if (sign !== '\\') {
      word += sign
      at++
      continue
    }
    const code = /^\\(?:x([0-9a-f]{1,2})|u([0-9a-f]{1,4})|([0-7]{1,3}))/i.exec(text.slice(at, at + 6))
    if (code === null) {
      const next = text.charAt(at + 1)
      word += ESCAPES[next] ?? next
      at += 2
    } else {
      const [all, hex, unicode, octal] = code
      word += String.fromCharCode(
        octal === undefined ? Number.parseInt(hex ?? unicode ?? '', 16) : Number.parseInt(octal, 8),
      )
      at += all.length
    }
  }
  return [word, quoted ? at + 1 : at]
}

/** Cuts the stream of a test client into packets. Its channel writes each newline as CR LF and counts it as one. */
export class PacketReader {
  #text = ''
  #cut = false

  /** The packets that end in this chunk, each as the elements of its list. */
  push(chunk: Uint8Array): string[][] {
    let text = Buffer.from(chunk).toString('latin1')
    if (this.#cut && text.startsWith('\n')) text = text.slice(1)
    this.#cut = text.endsWith('\r')
    this.#text += text.replace(/\r\n?/g, '\n')
    const packets: string[][] = []
    for (;;) {
      const line = this.#text.indexOf('\n')
      if (line < 0) return packets
      const end = line + 1 + Number(this.#text.slice(0, line))
      if (!(end > line)) throw new Error(`not a packet of the suite: ${this.#text.slice(0, 80)}`)
      if (this.#text.length < end) return packets
      packets.push(parseTclList(this.#text.slice(line + 1, end)))
      this.#text = this.#text.slice(end)
    }
  }
}

/** The bytes of one packet to a test client. */
export function packet(...words: string[]): Uint8Array {
  const body = tclList(...words)
  return Buffer.from(`${body.length}\n${body}`, 'latin1')
}
