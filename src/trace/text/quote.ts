/** Go's string literals in double quotes, as `%q` writes and `strconv.Unquote` reads them: any bytes, valid UTF-8 or not. */

const simple: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, "\\": 92, '"': 34, "'": 39 };
const letters = new Map(Object.entries(simple).map(([letter, code]) => [code, letter]));
letters.delete(39);

const decoder = new TextDecoder();
const encoder = new TextEncoder();
/** Go prints these as they are. The two Unicode tables may be of different years: a newer character is an escape in one of them, the same bytes in both. */
const printable = /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

export function quote(bytes: Uint8Array): string {
  let plain = true;
  for (const byte of bytes) if (byte < 32 || byte > 126 || byte === 34 || byte === 92) plain = false;
  return `"${plain ? decoder.decode(bytes) : escaped(bytes)}"`;
}

function escaped(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = runeLength(bytes, at);
    const byte = bytes[at]!;
    if (length === 0) {
      text += `\\x${hex(byte, 2)}`;
      at++;
      continue;
    }
    const char = decoder.decode(bytes.subarray(at, at + length));
    // The decoder drops a byte order mark at the beginning.
    const code = char === "" ? 0xfeff : char.codePointAt(0)!;
    const letter = letters.get(code);
    if (letter !== undefined) text += `\\${letter}`;
    else if (code < 32 || code === 127) text += `\\x${hex(code, 2)}`;
    else if (char !== "" && printable.test(char)) text += char;
    else text += code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
    at += length;
  }
  return text;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** Bytes of the UTF-8 sequence at `at`; 0 where it is none (no overlong forms, no surrogates, nothing above U+10FFFF). */
function runeLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  return first === 0xf4 && second > 0x8f ? 0 : length;
}

const part = /\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abtnvfr\\"']))|[^\\"]+/uy;

/** @throws RangeError saying what is wrong with the literal. */
export function unquote(literal: string): Uint8Array {
  if (literal.length < 2 || !literal.startsWith('"') || !literal.endsWith('"')) throw new RangeError("it is not in double quotes");
  const pieces: Uint8Array[] = [];
  let length = 0;
  part.lastIndex = 1;
  while (part.lastIndex < literal.length - 1) {
    const match = part.exec(literal);
    if (match === null || part.lastIndex > literal.length - 1) throw new RangeError("it is no Go string literal");
    const piece = bytesOf(match);
    pieces.push(piece);
    length += piece.length;
  }
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function bytesOf([whole, byte, octal, short, long, letter]: RegExpExecArray): Uint8Array {
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  if (octal !== undefined) return Uint8Array.of(Number.parseInt(octal, 8));
  if (letter !== undefined) return Uint8Array.of(simple[letter]!);
  const point = short ?? long;
  if (point === undefined) return encoder.encode(whole);
  const code = Number.parseInt(point, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new RangeError("it has a code point beyond Unicode");
  return encoder.encode(String.fromCodePoint(code));
}
