/** Records of the formats up to Go 1.21 as text, and back: docs/formats/trace-text.md. */
import { malformed } from "../broken.ts";
import { Old, oldLimits, oldRecords, type OldRecord } from "../old/spec.ts";
import { quote } from "./quote.ts";
import { framesText, Short, widthOf, type RecordReader, type RecordText, type RecordWriter } from "./records.ts";

/** In the two bits above the type: one less than the number of values, or this: the bytes of the values stand in front of them. */
const prefixed = 3;

export function oldRecordText(version: number): RecordText {
  const records = new Map(oldRecords.filter(({ since }) => since <= version).map((record) => [record.id, record]));
  return (reader) => {
    const at = reader.offset + reader.at;
    const head = reader.byte();
    const record = records.get(head & 63);
    if (record === undefined) throw malformed(`unknown event type ${head & 63}`, at);
    if (record.id === Old.String) return stringText(record, head >> 6, reader);
    const end = valuesEnd(record, head >> 6, reader, at);
    const values = record.args.map((name) => `${name}=${reader.value(name)}`);
    const text = `${record.name} ${values.join(" ")}`;
    let rest = "";
    if (record.id === Old.Stack) rest = framesText(reader, Number(values[1]!.slice("size=".length)), at);
    if (end !== undefined && reader.offset + reader.at !== end) throw wrongCount(record, at);
    if (record.id === Old.UserLog) rest = `\n\tdata=${quote(reader.data(oldLimits.stringBytes))}`;
    return { head: text, rest };
  };
}

function stringText(record: OldRecord, bits: number, reader: RecordReader): { head: string; rest: string } {
  if (bits !== 0) reader.notes += ` bits:${bits}`;
  const head = `${record.name} id=${reader.value("id")}`;
  return { head, rest: `\n\tdata=${quote(reader.data(oldLimits.stringBytes))}` };
}

/** Where the values end, when the record says so. @throws Break where it is of another number of values than it should be. */
function valuesEnd(record: OldRecord, bits: number, reader: RecordReader, at: number): number | undefined {
  if (bits !== prefixed) {
    if (isPrefixed(record) || bits + 1 !== record.args.length) throw wrongCount(record, at);
    return undefined;
  }
  const { notes } = reader;
  const begin = reader.at;
  const length = Number(reader.value("prefix"));
  if (!isPrefixed(record)) reader.notes = `${notes} prefix:${reader.at - begin}`;
  if (length > oldLimits.eventBytes) throw malformed(`values of ${length} bytes, the most is ${oldLimits.eventBytes}`, at);
  if (reader.bytes.length - reader.at < length) throw new Short();
  return reader.offset + reader.at + length;
}

const isPrefixed = ({ id, args }: OldRecord): boolean => id === Old.Stack || args.length > prefixed;
const wrongCount = ({ name, args }: OldRecord, at: number) =>
  malformed(`${name} has wrong number of arguments, it should have ${args.length}`, at);

/** One record's bytes; `values` and `frames` are those of the table, `data` what a String or a UserLog has. */
export function writeOldRecord(
  record: OldRecord,
  values: readonly bigint[],
  frames: readonly bigint[],
  data: Uint8Array | undefined,
  notes: ReadonlyMap<string, number>,
  frameNotes: readonly ReadonlyMap<string, number>[],
  out: RecordWriter,
): void {
  const all: { value: bigint; width: number }[] = values.map((value, i) => ({ value, width: notes.get(record.args[i]!) ?? 1 }));
  frames.forEach((value, i) => all.push({ value, width: frameNotes[i >> 2]!.get(frameNames[i & 3]!) ?? 1 }));
  if (record.id === Old.String) out.byte(record.id | ((notes.get("bits") ?? 0) << 6));
  else if (isPrefixed(record) || notes.has("prefix")) {
    out.byte(record.id | (prefixed << 6));
    const length = all.reduce((sum, { value, width }) => sum + Math.max(width, widthOf(value)), 0);
    out.varint(BigInt(length), notes.get("prefix"));
  } else out.byte(record.id | ((values.length - 1) << 6));
  for (const { value, width } of all) out.varint(value, width);
  if (data === undefined) return;
  out.varint(BigInt(data.length), notes.get("length"));
  out.data(data);
}

const frameNames = ["pc", "func", "file", "line"] as const;
