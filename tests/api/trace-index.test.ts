/** Slices and timelines of a stored trace are the same with its index as without. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { createTraceWorkers } from "../../src/api/trace-workers.ts";
import type { Timeline } from "../../src/features/timeline.ts";
import { buildIndex, indexPath, writeIndex } from "../../src/sources/trace-index-file.ts";
import { core } from "../trace/readers.ts";
import { sharedDir } from "../helpers/shared.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-timeline-"));
const workers = createTraceWorkers({ threads: 1, waiting: 1 });
afterAll(async () => {
  await workers.close();
  rmSync(folder, { recursive: true });
});

async function answer(kind: "slice" | "timeline", path: string, from: number, to: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const task = kind === "slice" ? ({ kind, path, from, to } as const) : ({ kind, path, from, to, width: 1000 } as const);
  for await (const part of workers.run(task, new AbortController().signal)) parts.push(part);
  return Buffer.concat(parts);
}

/** What a drawing of the range shows: spans cut to it, by name. How far beyond it reading went depends on the reader's portions. */
function drawn(json: Buffer, from: number, to: number): unknown {
  const { lanes, counters, names, ...rest } = JSON.parse(json.toString()) as Timeline;
  return {
    ...rest,
    counters,
    lanes: lanes.map((lane) => ({
      ...lane,
      start: lane.start.map((at) => Math.max(from, at)),
      end: lane.end.map((at) => Math.min(to, at)),
      name: lane.name.map((name) => names[name] ?? name),
    })),
  };
}

const watch = gunzipSync(readFileSync(join(import.meta.dirname, "../fixtures/traces/esbuild-0.28.2-go1.26.5-watch.trace.gz")));
const traces: [string, Buffer][] = [["watch", watch]];
for (const name of ["esbuild-0.28.2-go1.26.5-serve-load", "esbuild-0.27.7-go1.25.7-big", "esbuild-0.23.1-go1.22.5-big"])
  if (sharedDir !== undefined) traces.push([name, readFileSync(join(sharedDir, `traces/real/${name}.trace`))]);

describe.each(traces)("%s", (name, bytes) => {
  test("timelines and slices with and without index", async () => {
    const [plain, indexed] = [join(folder, name), join(folder, `${name}-indexed`)];
    for (const path of [plain, indexed]) writeFileSync(path, bytes);
    const index = (await buildIndex(indexed, { core }))!;
    await writeIndex(indexed, index);
    const { generations } = index;
    expect(generations.length).toBeGreaterThan(2);
    const last = generations.at(-1)!;
    for (const [from, to] of [
      [last.from, last.to],
      [last.from - 1e6, last.from + 1e6],
      [(last.from + last.to) / 2, (last.from + last.to) / 2 + 1e7],
    ] as const) {
      const expected = drawn(await answer("timeline", plain, from, to), from, to);
      expect(drawn(await answer("timeline", indexed, from, to), from, to)).toEqual(expected);
      expect((await answer("slice", indexed, from, to)).equals(await answer("slice", plain, from, to))).toBe(true);
    }
    // Another file of the same size, whose fingerprint is right: the checksums tell, and the index is not used.
    const other = Buffer.from(bytes);
    other[generations.at(-2)!.begin + 5000]! ^= 1;
    for (const path of [plain, indexed]) writeFileSync(path, other);
    const outcome = (path: string) =>
      answer("timeline", path, last.from, last.to).then(
        (json) => drawn(json, last.from, last.to),
        (error: Error) => error.message,
      );
    const expected = await outcome(plain);
    await writeIndex(indexed, index);
    expect(await outcome(indexed)).toEqual(expected);
    rmSync(indexPath(indexed));
  });
});
