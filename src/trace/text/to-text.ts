/** Bytes of a trace → its raw text form: docs/formats/trace-text.md. One record after the other, whatever the batches around them say. */
import { ForetraceError } from "../../lib/errors.ts";
import { Break, malformed, truncated } from "../broken.ts";
import { readHeader } from "../header.ts";
import { Input } from "../input.ts";
import type { ByteSource } from "../model.ts";
import { oldVersions } from "../old/spec.ts";
import { limits, Wire, wireEvent } from "../spec.ts";
import { othersRun } from "../turns.ts";
import { oldRecordText } from "./old.ts";
import { quote } from "./quote.ts";
import { framesText, RecordReader, Short, type RecordText } from "./records.ts";

export type TextOptions = {
  /** Each record's line ends with a comment that says where it lies in the trace. */
  readonly offsets?: boolean;
  /** Minor version to read a file as whose own is not known. */
  readonly assumeVersion?: number;
  readonly signal?: AbortSignal;
};

/** More than the longest record of any format. */
const blockBytes = 1 << 21;
/** Text given at once, about. */
const pieceChars = 1 << 16;

/**
 * The text in pieces of whole lines. Bytes that are no record end it: what came before has been given then.
 * @throws ForetraceError empty_input, not_a_trace, trace_version_unsupported; trace_malformed and trace_truncated with the offset; canceled.
 */
export async function* traceToText(source: ByteSource, options: TextOptions = {}): AsyncGenerator<string, void> {
  const input = new Input(source);
  const reader = new RecordReader();
  try {
    const version = await readHeader(input, options.assumeVersion);
    const record: RecordText = oldVersions.includes(version) ? oldRecordText(version) : eventText;
    let text = `Trace Go1.${version}\n`;
    for (;;) {
      await input.ensure(blockBytes);
      reader.bytes = input.peek();
      reader.offset = input.offset;
      const whole = reader.bytes.length < blockBytes;
      let begin = (reader.at = 0);
      try {
        while (reader.at < reader.bytes.length) {
          begin = reader.at;
          text += lineOf(record, reader, options.offsets === true);
          if (text.length < pieceChars) continue;
          yield text;
          text = "";
        }
        begin = reader.at;
      } catch (error) {
        const failure = error instanceof Short && whole ? truncated(input.failure ?? "the trace ends in the middle of a record") : error;
        if (failure instanceof Break) {
          yield text;
          throw failure.toError(reader.offset + begin, 0);
        }
        if (!(failure instanceof Short)) throw failure;
      }
      if (text !== "") yield text;
      text = "";
      input.take(begin);
      if (whole) break;
      await othersRun();
      if (options.signal?.aborted === true)
        throw new ForetraceError("canceled", "writing the text was cancelled", { cause: options.signal.reason });
    }
    if (input.failure !== undefined) throw truncated(input.failure).toError(input.offset, 0);
  } finally {
    await input.close().catch(() => {});
  }
}

function lineOf(record: RecordText, reader: RecordReader, offsets: boolean): string {
  const at = reader.offset + reader.at;
  reader.notes = "";
  const { head, rest } = record(reader);
  const notes = reader.notes === "" ? "" : ` #@${reader.notes}`;
  return `${head}${notes}${offsets ? ` # byte ${at}` : ""}${rest}\n`;
}

function eventText(reader: RecordReader): { head: string; rest: string } {
  const at = reader.offset + reader.at;
  const type = reader.byte();
  const event = wireEvent(type);
  if (event === undefined) throw malformed(`unknown event ${type}`, at);
  let head = event.name;
  let last = "";
  for (const name of event.args) {
    last = type === Wire.ExperimentalBatch && name === "exp" ? String(reader.byte()) : reader.value(name);
    head += ` ${name}=${last}`;
  }
  if (type === Wire.Stack) return { head, rest: framesText(reader, Number(last), at) };
  if (type === Wire.String) return { head, rest: `\n\tdata=${quote(reader.data(limits.batchBytes))}` };
  if (type === Wire.ExperimentalBatch) return { head, rest: `\n\tdata=${quote(reader.data(limits.batchBytes))}` };
  return { head, rest: "" };
}
