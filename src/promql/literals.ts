/** Numbers, durations and strings as PromQL writes them. */

const unitMillis: Record<string, number> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3, y: 365 * 86400e3 };
const durationForm = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const durationUnits = ["y", "w", "d", "h", "m", "s", "ms"];

/** Milliseconds of `1h30m`; units from large to small, each at most once. NaN when it is not a duration. */
export function durationMillis(text: string): number {
  const match = durationForm.exec(text);
  if (match === null || text === "") return Number.NaN;
  return durationUnits.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unitMillis[unit]!, 0);
}

/**
 * A number literal without sign: decimal, hexadecimal, octal with a leading 0 (as Go reads whole numbers), Inf, NaN, or a duration in seconds.
 * NaN also when it is none of these; the grammar has made sure that it is.
 */
export function numberValue(text: string): number {
  const lower = text.toLowerCase().replaceAll("_", "");
  if (lower === "inf") return Number.POSITIVE_INFINITY;
  if (lower === "nan") return Number.NaN;
  if (/^0[0-7]+$/.test(lower)) return Number.parseInt(lower, 8);
  const value = Number(lower);
  return Number.isNaN(value) ? durationMillis(lower) / 1000 : value;
}

const simpleEscapes: Record<string, string> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** The text of a quoted literal, with the escapes of Go; undefined when it is not closed or has an unknown escape. */
export function stringValue(literal: string): string | undefined {
  const quote = literal[0]!;
  if (literal.length < 2 || !literal.endsWith(quote)) return undefined;
  const body = literal.slice(1, -1);
  if (quote === "`" || !body.includes("\\")) return body;
  const pieces: Buffer[] = [];
  // One escape or a run of other characters at a time; \x and octal escapes are single bytes of UTF-8, hence the buffers.
  const part = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\'"]))|([^\\]+)/gy;
  let end = 0;
  for (let match = part.exec(body); match !== null; match = part.exec(body)) {
    end = part.lastIndex;
    const [, hex, octal, short, long, letter, plain] = match;
    if (plain !== undefined) pieces.push(Buffer.from(plain));
    else if (letter !== undefined) {
      if ((letter === "'" || letter === '"') && letter !== quote) return undefined;
      pieces.push(Buffer.from(simpleEscapes[letter]!));
    } else if (hex !== undefined || octal !== undefined) {
      const byte = hex === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(hex, 16);
      if (byte > 255) return undefined;
      pieces.push(Buffer.from([byte]));
    } else {
      const point = Number.parseInt(short ?? long!, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
      pieces.push(Buffer.from(String.fromCodePoint(point)));
    }
  }
  return end === body.length ? Buffer.concat(pieces).toString("utf8") : undefined;
}
