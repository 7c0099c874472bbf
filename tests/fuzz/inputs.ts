/** What fuzzing begins with: seeds kept by name, Go's own cases and fuzz seeds, hand-made traces, recordings cut small, and all of it compressed. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { wireEvent } from "../../src/trace/spec.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { sharedFiles, traceBytes } from "../trace/golden.ts";
import { oldCases } from "../trace/old-cases.ts";
import { oldTrace } from "../trace/old-text.ts";
import { inputKinds, type InputKind } from "./check.ts";
import { putTogether, takeApart, type Piece, type Timed } from "./shape.ts";

export type Input = { readonly name: string; readonly kind: InputKind; readonly bytes: Uint8Array };

export const seedFolder = join(import.meta.dirname, "seeds");

/** Found by fuzzing, each mended since: NAME.trace, NAME.text or NAME.packed. */
export function keptSeeds(folder: string = seedFolder): Input[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const kind = inputKinds.find((known) => extname(file) === `.${known}`);
      return kind === undefined ? [] : [{ name: file, kind, bytes: Uint8Array.from(readFileSync(join(folder, file))) }];
    });
}

/** Enough for the first generation's batches. */
const mostTakenApart = 200_000;
/** Larger cases find little that smaller ones do not. */
const mostBytes = 12_000;

/** A Go string literal as in a Go fuzz seed file → its bytes: the text form has the same literals. */
function goSeed(path: string): Uint8Array {
  const literal = /\[\]byte\((".*")\)\s*$/s.exec(readFileSync(path, "utf8"))![1]!;
  const wrapped = traceFromText(`Trace Go1.22\nExperimentalBatch exp=1 gen=1 m=0 time=0\n\tdata=${literal}\n`);
  return wrapped.slice(wrapped.indexOf(103, 16));
}

/**
 * The first events of a recording's first generation, by time, without the tables: what names strings and stacks names none then.
 * Small, and read to its end.
 */
export function cutSmall(bytes: Uint8Array, count: number): Uint8Array {
  const { version, pieces } = takeApart(bytes.subarray(0, mostTakenApart));
  const generation = pieces.flatMap((piece) => (piece.kind === "bytes" ? [] : [generationOf(piece)]))[0]!;
  const own = pieces.filter((piece) => piece.kind !== "bytes" && generationOf(piece) === generation);
  const times = own.flatMap((piece) => (piece.kind === "events" ? timesOf(piece) : [])).sort((one, two) => (one < two ? -1 : 1));
  const last = times[Math.min(count, times.length) - 1] ?? 0n;
  const kept = own.flatMap((piece): Piece[] => {
    if (piece.kind !== "events") return piece.kind === "batch" && clockTypes.has(piece.payload[0]!) ? [piece] : [];
    const length = timesOf(piece).filter((time) => time <= last).length;
    return length === 0 ? [] : [{ ...piece, events: piece.events.slice(0, length).map(unnamed) }];
  });
  if (!kept.some(({ kind }) => kind === "batch"))
    kept.push({ kind: "batch", type: 1, head: [generation, none, times[0]!], payload: linuxClock });
  const end: Piece[] = version >= firstWithEnd ? [{ kind: "bytes", payload: Uint8Array.of(endOfGeneration) }] : [];
  return putTogether({ version, pieces: [...kept, ...end] });
}

const none = 2n ** 64n - 1n;
/** 15,625,000 a second, for a recording that says it later. */
const linuxClock = Uint8Array.of(8, 168, 214, 185, 7);
/** First bytes of the batches that have the clock. */
const clockTypes = new Set([8, 50]);
const firstWithEnd = 26;
const endOfGeneration = 52;

const generationOf = (piece: Exclude<Piece, { kind: "bytes" }>): bigint => piece.head.at(-3)!;

function timesOf({ head, events }: Extract<Piece, { kind: "events" }>): bigint[] {
  let time = head.at(-1)!;
  return events.map(({ values }) => (time += values[0]!));
}

function unnamed({ type, values }: Timed): Timed {
  const names = wireEvent(type)!.args;
  return { type, values: values.map((value, i) => (/stack|string/.test(names[i]!) ? 0n : value)) };
}

export const recordings = [
  "esbuild-0.28.2-go1.26.5-cpuprofile.trace",
  "tsgolint-7.0.2007-go1.26.10-tiny.trace",
  "esbuild-0.28.2-go1.26.5-small.trace",
  "esbuild-0.23.1-go1.22.5-small.trace",
  "esbuild-0.24.2-go1.23.1-small-allocfree.trace",
  "esbuild-0.27.7-go1.25.7-small.trace",
];

export function firstInputs(): Input[] {
  const inputs: Input[] = keptSeeds();
  const add = (name: string, kind: InputKind, bytes: Uint8Array): void => {
    if (bytes.length <= mostBytes) inputs.push({ name, kind, bytes });
  };
  for (const path of [...sharedFiles("format/v2-binary", /\.bin$/), ...sharedFiles("format/v1-binary", /./)])
    add(basename(path), "trace", Uint8Array.from(readFileSync(path)));
  for (const path of sharedFiles("format/fuzz", /./)) add(basename(path), "trace", goSeed(path));
  for (const path of sharedFiles("format/v2-text", /\.(test|txt)$/)) {
    const text = readFileSync(path, "utf8");
    add(basename(path), "text", new TextEncoder().encode(text.split("-- trace --\n").at(-1)));
  }
  for (const [name, version, text] of oldCases) add(name, "trace", oldTrace(version, text));
  add("tasks", "trace", traceBytes("go119-scenario-tasks.trace")!);
  for (const name of recordings) {
    const bytes = traceBytes(name);
    if (bytes === undefined) continue;
    add(`${name} cut`, "trace", cutSmall(bytes, 300));
    add(`${name} cut smaller`, "trace", cutSmall(bytes, 60));
  }
  const tasks = traceBytes("go119-scenario-tasks.trace")!;
  add("gzip", "packed", gzipSync(tasks));
  add("zstd", "packed", zstdCompressSync(tasks));
  add("two gzip members", "packed", Buffer.concat([gzipSync(tasks.subarray(0, 900)), gzipSync(tasks.subarray(900))]));
  return inputs;
}
