/** Traces of Go 1.11–1.21 written by hand: one line a record, `Name value …` with the time delta first, texts in quotes. */
import { Old } from "../../src/trace/old/spec.ts";

const ids: Readonly<Record<string, number>> = Old;

export function oldTrace(version: number, text: string): Uint8Array {
  const out: number[] = Array.from(`go 1.${version} trace`.padEnd(16, "\0"), (char) => char.charCodeAt(0));
  for (const line of text.split(/[\n;]/).map((part) => part.trim())) if (line !== "") writeRecord(line, out);
  return Uint8Array.from(out);
}

function writeRecord(line: string, out: number[]): void {
  const [name = "", ...fields] = line.match(/"[^"]*"|\S+/g)!;
  const type = ids[name] ?? Number(name);
  const texts = fields.filter((field) => field.startsWith('"')).map((field) => new TextEncoder().encode(field.slice(1, -1)));
  const values = fields.filter((field) => !field.startsWith('"')).flatMap((field) => varint(BigInt(field)));
  const count = fields.length - texts.length;
  // Up to three values stand in the open, more have their length in front; a batch says one less than it has.
  if (type === Old.String || count < 4) out.push(type | (Math.max(0, count - 1) << 6), ...values);
  else out.push(type | (3 << 6), ...varint(BigInt(values.length)), ...values);
  for (const text of texts) out.push(...varint(BigInt(text.length)), ...text);
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}
