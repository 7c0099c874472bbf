/** The raw text form of a trace, and the way back: docs/formats/trace-text.md. */
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { traceFromTextStream } from "../../trace/text/from-text.ts";
import { traceToText } from "../../trace/text/to-text.ts";
import type { ExportRequest, ExportResult } from "../export.ts";

export const exportText = (request: ExportRequest): Promise<ExportResult> => writeAll(request, traceToText(counted(request)));
export const exportBinary = (request: ExportRequest): Promise<ExportResult> => writeAll(request, traceFromTextStream(counted(request)));

/** What came before a break is kept, as with all formats; input that gives nothing is an error. */
async function writeAll(
  { sink, from, to, salvage = false }: ExportRequest,
  pieces: AsyncIterable<string | Uint8Array>,
): Promise<ExportResult> {
  if (from !== undefined || to !== undefined) {
    throw new ForetraceError(
      "bad_usage",
      "the text form is of a whole file: cut the range out with foretrace slice first, and leave --from and --to",
      {
        input: from === undefined ? "--to" : "--from",
      },
    );
  }
  if (salvage)
    throw new ForetraceError("bad_usage", "the text form is that of the records as they lie in the file: leave --salvage away", {
      input: "--salvage",
    });
  let written = 0;
  try {
    for await (const piece of pieces) {
      sink.write(piece);
      written += piece.length;
      await sink.ready();
    }
  } catch (error) {
    const breaksOff = isForetraceError(error) && (error.code === "trace_malformed" || error.code === "trace_truncated");
    if (!breaksOff || written === 0) throw error;
    return { error, remarks: [] };
  }
  return { error: undefined, remarks: [] };
}

async function* counted({ open, progress }: ExportRequest): AsyncGenerator<Uint8Array, void> {
  let read = 0;
  for await (const piece of open()) {
    yield piece;
    progress?.((read += piece.length));
  }
}
