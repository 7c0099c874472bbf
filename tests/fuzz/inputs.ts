/** What fuzzing begins with: seeds kept by name, Go's own cases and fuzz seeds, hand-made traces, recordings cut small, and all of it compressed. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { sharedFiles, traceBytes } from "../trace/golden.ts";
import { oldCases } from "../trace/old-cases.ts";
import { oldTrace } from "../trace/old-text.ts";
import { inputKinds, type InputKind } from "./check.ts";
import { putTogether, takeApart, type Piece } from "./shape.ts";

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

/** Larger cases find little that smaller ones do not. */
const mostBytes = 12_000;

/** A Go string literal as in a Go fuzz seed file → its bytes: the text form has the same literals. */
function goSeed(path: string): Uint8Array {
  const literal = /\[\]byte\((".*")\)\s*$/s.exec(readFileSync(path, "utf8"))![1]!;
  const wrapped = traceFromText(`Trace Go1.22\nExperimentalBatch exp=1 gen=1 m=0 time=0\n\tdata=${literal}\n`);
  return wrapped.slice(wrapped.indexOf(103, 16));
}

/** The first generations with no more than so many events of each batch, and of its tables what is left whole: small, and still of a shape. */
export function cutSmall(bytes: Uint8Array, pieces: number, events: number): Uint8Array {
  const shape = takeApart(bytes);
  const timed = shape.pieces.filter((piece) => piece.kind === "events").slice(0, pieces);
  for (const piece of timed) piece.events.splice(events);
  const generation = timed[0]?.head[0] ?? 1n;
  const isKept = (piece: Piece): boolean =>
    piece.kind === "events"
      ? timed.includes(piece)
      : piece.kind === "batch" && piece.payload.length < 2000 && piece.head.at(-3) === generation;
  const kept = shape.pieces.filter(isKept);
  return putTogether({ version: shape.version, pieces: [...kept, { kind: "bytes", payload: Uint8Array.of(52) }] });
}

const recordings = [
  "esbuild-0.28.2-go1.26.5-cpuprofile.trace",
  "esbuild-0.28.2-go1.26.5-watch.trace",
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
    add(`${name} cut`, "trace", cutSmall(bytes, 4, 60));
    add(`${name} cut smaller`, "trace", cutSmall(bytes, 12, 12));
  }
  const tasks = traceBytes("go119-scenario-tasks.trace")!;
  add("gzip", "packed", gzipSync(tasks));
  add("zstd", "packed", zstdCompressSync(tasks));
  add("two gzip members", "packed", Buffer.concat([gzipSync(tasks.subarray(0, 900)), gzipSync(tasks.subarray(900))]));
  return inputs;
}
