/** The file form of an index: docs/formats/trace-index.md. */
import { errorTable, ForetraceError, type ErrorCode, type ErrorPlace } from "../lib/errors.ts";
import { traceNanos } from "../lib/units.ts";
import type { ClockSnapshot } from "./model.ts";
import { blockBytes, type Crc32, type IndexedGeneration, type TraceIndex } from "./trace-index.ts";

/** The file as it lies there, compressed or not. */
export type FileMark = { readonly bytes: number; readonly fingerprint: number };

const magic = "foretrace-trace-index";
/** Raised with every change after which an index must be made anew. */
const formatVersion = 1;

type Row = readonly [
  number: number,
  begin: number,
  end: number,
  time: number,
  from: number,
  to: number,
  clock: readonly [string, string, string] | null,
  counts: readonly number[],
];
type Body = {
  readonly file: FileMark;
  readonly trace: {
    readonly version: number;
    readonly origin: string;
    readonly bytes: number;
    readonly events: number;
    readonly end: number;
    readonly error: ({ readonly code: ErrorCode; readonly message: string } & ErrorPlace) | null;
  };
  readonly generations: readonly Row[];
  readonly blockBytes: number;
  readonly checksums: readonly number[];
};

export function writeTraceIndex(
  { info, bytes, events, end, error, generations, checksums }: TraceIndex,
  file: FileMark,
  crc32: Crc32,
): string {
  const body: Body = {
    file,
    trace: {
      version: info.version,
      origin: String(info.origin),
      bytes,
      events,
      end,
      error: error === undefined ? null : { code: error.code, message: error.message, ...error.place },
    },
    generations: generations.map(({ number, begin, end: behind, time, from, to, clock, counts }) => [
      number,
      begin,
      behind,
      time,
      from,
      to,
      clock === undefined ? null : [String(clock.trace), String(clock.mono), String(clock.wall)],
      counts,
    ]),
    blockBytes,
    checksums: [...checksums],
  };
  const text = JSON.stringify(body);
  return `${magic} ${formatVersion} ${hex(crc32(new TextEncoder().encode(text)))}\n${text}\n`;
}

/** The index and the file that it was made from, or why there is none. */
export function readTraceIndex(
  text: string,
  crc32: Crc32,
): { readonly index: TraceIndex; readonly file: FileMark } | { readonly reason: string } {
  const border = text.indexOf("\n");
  const [, version, checksum] = /^foretrace-trace-index (\d+) ([0-9a-f]{8})$/.exec(text.slice(0, Math.max(0, border))) ?? [];
  if (version === undefined) return { reason: "it is no trace index" };
  if (Number(version) !== formatVersion)
    return { reason: `it is of version ${version} of the index format, and this program knows version ${formatVersion}` };
  const json = text.slice(border + 1).replace(/\n$/, "");
  if (hex(crc32(new TextEncoder().encode(json))) !== checksum) return { reason: "it is damaged" };
  const { file, trace, generations, checksums, ...rest } = JSON.parse(json) as Body;
  if (rest.blockBytes !== blockBytes) return { reason: "its checksums are of blocks of another size" };
  const { version: minor, origin, bytes, events, end, error } = trace;
  return {
    file,
    index: {
      info: { version: minor, origin: BigInt(origin) },
      bytes,
      events,
      end: traceNanos(end),
      error: error === null ? undefined : errorOf(error),
      generations: generations.map(generationOf),
      checksums: Uint32Array.from(checksums),
    },
  };
}

const generationOf = ([number, begin, end, time, from, to, clock, counts]: Row): IndexedGeneration => ({
  number,
  begin,
  end,
  time,
  from: traceNanos(from),
  to: traceNanos(to),
  clock: clock === null ? undefined : clockOf(clock),
  counts,
});

const clockOf = ([trace, mono, wall]: readonly [string, string, string]): ClockSnapshot => ({
  trace: BigInt(trace),
  mono: BigInt(mono),
  wall: BigInt(wall),
});

function errorOf({ code, message, ...place }: NonNullable<Body["trace"]["error"]>): ForetraceError {
  return new ForetraceError(code in errorTable ? code : "internal", message, place);
}

const hex = (checksum: number): string => checksum.toString(16).padStart(8, "0");
