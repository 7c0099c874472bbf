/** Tables, chunks and event objects: the same events as the visitor's, over the whole trace or a range, in bounded memory. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  columnNames,
  eventAt,
  EventKind,
  isForetraceError,
  readTable,
  readTrace,
  tableChunks,
  traceEvents,
  traceFromText,
  type ByteSource,
  type ColumnName,
  type EventChunk,
  type GenerationTables,
} from "../../src/trace/index.ts";
import { EventLister } from "./event-list.ts";
import { eventText } from "./event-text.ts";
import { eventLines, goldenLists, traceBytes } from "./golden.ts";
import { oldTrace } from "./old-text.ts";
import { readers } from "./readers.ts";

const fixture = (name: string): Uint8Array => traceBytes(name)!;
const small = fixture("esbuild-0.28.2-go1.26.5-small.trace");
/** Several generations, samples, ranges that reach over a border. */
const sampled = fixture("esbuild-0.28.2-go1.26.5-cpuprofile.trace");
const goldenOld = JSON.parse(readFileSync(new URL("../fixtures/traces/golden-old.json", import.meta.url), "utf8")) as typeof goldenLists;
const names = [
  "esbuild-0.28.2-go1.26.5-small.trace",
  "esbuild-0.28.2-go1.26.5-cpuprofile.trace",
  "esbuild-0.28.2-go1.26.5-watch.trace",
  "go119-scenario-tasks.trace",
  "esbuild-0.12.29-go1.17.1-mid.trace",
];
const goldenOf = (name: string): { events: number; sha256: string } => (goldenLists[name] ?? goldenOld[name])!;

/** The rows as a reader delivers them, names by the ids of the whole trace. */
function replay(chunk: EventChunk, lister: EventLister): void {
  const tables = (i: number): GenerationTables => ({
    generation: 0,
    string: (id) => chunk.strings[id]!,
    stack: (id) => chunk.stacks[id]!,
    clock: chunk.clocks[i - 1],
    experiments: new Map(),
  });
  const { time, kind, thread, proc, goroutine, stack, a, b, c, d, e, f } = chunk.columns;
  lister.generation(tables(0));
  for (let i = 0; i < chunk.length; i++) {
    if (kind[i] === EventKind.Sync) lister.generation(tables(a[i]!));
    lister.event(kind[i] as EventKind, time[i]!, thread[i]!, proc[i]!, goroutine[i]!, stack[i]!, a[i]!, b[i]!, c[i]!, d[i]!, e[i]!, f[i]!);
  }
}

const sha256 = (lines: readonly string[]): string =>
  createHash("sha256")
    .update(lines.map((line) => `${line}\n`).join(""))
    .digest("hex");

async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of all) list.push(one);
  return list;
}

/** In pieces, and whether it was closed. */
function watched(bytes: Uint8Array, size = 50_000): { source: ByteSource; read: () => number; closed: () => boolean } {
  let at = 0;
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    } finally {
      closed = true;
    }
  }
  return { source: source(), read: () => at, closed: () => closed };
}

describe.each(readers)("with the $name reader", ({ core }) => {
  describe.each(names)("%s", (name) => {
    const bytes = fixture(name);
    const golden = goldenOf(name);

    test("a table has the events of the reference reader, with names that hold over generations", async () => {
      const table = await readTable([bytes], { core });
      const lines: string[] = [];
      const lister = new EventLister((line) => lines.push(line.trimEnd()));
      lister.start(table.info);
      replay(table, lister);
      expect({ events: table.length, error: table.error }).toEqual({ events: golden.events, error: undefined });
      expect(sha256(lines)).toBe(golden.sha256);
      expect(new Set(table.strings).size).toBe(table.strings.length);
      const stacks = table.stacks.map((frames) => frames.map(({ pc, func, file, line }) => `${pc} ${func} ${file} ${line}`).join("\n"));
      expect(new Set(stacks).size).toBe(stacks.length);
    });

    test("event objects have them too", async () => {
      let origin = 0n;
      await readTrace([bytes], { start: (info) => void (origin = info.origin), event() {} });
      const lines = (await collect(traceEvents([bytes], { core }))).map((event) => eventText(event, origin));
      expect(lines).toHaveLength(golden.events);
      expect(sha256(lines)).toBe(golden.sha256);
    });
  });

  test("chunks put together are the table, whatever their length", async () => {
    const whole = await readTable([sampled], { core });
    for (const chunkLength of [1, 997, 1 << 20]) {
      // One row a chunk is slow: part of the trace does.
      const range = chunkLength === 1 ? { to: whole.columns.time[3000]! } : {};
      const chunks = await collect(tableChunks([sampled], { core, chunkLength, ...range }));
      const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      expect(length).toBe(chunkLength === 1 ? 3001 : whole.length);
      expect(chunks.slice(0, -1).every((chunk) => chunk.length === chunkLength)).toBe(true);
      for (const name of columnNames) {
        const parts = chunks.flatMap((chunk) => Array.from(chunk.columns[name]));
        expect({ name, parts }).toEqual({ name, parts: Array.from(whole.columns[name].subarray(0, length)) });
      }
      expect(chunks.at(-1)!.stacks).toEqual(whole.stacks.slice(0, chunks.at(-1)!.stacks.length));
    }
  });

  test("a range has the events of the range, both ends included, and what lies behind it is not read", async () => {
    const whole = await readTable([sampled], { core, columns: ["time", "kind"] });
    const { time } = whole.columns;
    const [from, to] = [time[500]!, time[1500]!];
    const { source, read, closed } = watched(sampled, 5000);
    const part = await readTable(source, { core, columns: ["time"], from, to });
    expect(part.columns.time).toEqual(time.slice(500, 1501));
    expect(read()).toBeLessThan(sampled.length);
    expect(closed()).toBe(true);
    const between = await readTable([sampled], { core, columns: ["time"], from: from + 0.25, to: from + 0.5 });
    expect(between).toMatchObject({ length: 0, error: undefined, strings: [""], stacks: [[]] });
  });

  test("kinds and columns that are not asked for are not there", async () => {
    const whole = await readTable([sampled], { core });
    const kinds = [EventKind.GoTransition, EventKind.StackSample];
    const columns = ["goroutine", "kind", "kind"] as const;
    const part = await readTable([sampled], { core, kinds, columns });
    const places = Array.from(whole.columns.kind.keys()).filter((i) => kinds.some((kind) => kind === whole.columns.kind[i]));
    expect(Object.keys(part.columns)).toEqual(["goroutine", "kind"]);
    expect(Array.from(part.columns.goroutine)).toEqual(places.map((i) => whole.columns.goroutine[i]));
    expect(part.length).toBe(places.length);
    // Nothing was looked up that nobody sees.
    expect(part.strings).toEqual([""]);
    expect(part.stacks).toEqual([[]]);
  });

  test("a broken trace: the table has what came before and the error, chunks and objects give it and then throw", async () => {
    const cut = sampled.subarray(0, Math.floor(sampled.length / 2));
    const { lines, outcome } = await eventLines(cut, core);
    const error = { code: "trace_truncated", message: outcome.error!.message, place: outcome.error!.place };
    const table = await readTable([cut], { core });
    expect(table.length).toBe(lines.length);
    expect(table.error).toMatchObject(error);
    let events = 0;
    const counting = (async () => {
      for await (const chunk of tableChunks([cut], { core })) events += chunk.length;
    })();
    await expect(counting).rejects.toMatchObject(error);
    expect(events).toBe(lines.length);
    await expect(collect(traceEvents([cut], { core }))).rejects.toMatchObject(error);
  });
});

describe("memory", () => {
  test("more rows than allowed are an error that says what to do", async () => {
    await expect(readTable([small], { maxEvents: 10_000 })).rejects.toMatchObject({
      code: "too_large",
      message: expect.stringMatching(/more than 10000 rows.*from, to.*kinds.*tableChunks/) as string,
    });
    const exact = goldenOf(names[0]!).events;
    expect((await readTable([small], { maxEvents: exact })).length).toBe(exact);
    await expect(readTable([small], { maxEvents: exact - 1 })).rejects.toMatchObject({ code: "too_large" });
  });

  test("an event takes 85 bytes", async () => {
    const { columns, length } = await readTable([small]);
    const bytes = Object.values(columns).reduce((sum, column) => sum + column.byteLength, 0);
    expect(bytes / length).toBe(85);
  });

  test("chunks are their own: one that was transferred or changed leaves the others as they are", async () => {
    const whole = await readTable([small], { columns: ["time", "stack"] });
    const times: number[] = [];
    for await (const { columns } of tableChunks([small], { chunkLength: 1000, columns: ["time", "stack"] })) {
      times.push(...columns.time);
      columns.time.fill(-1);
      structuredClone(columns.stack, { transfer: [columns.stack.buffer] });
      expect(columns.stack).toHaveLength(0);
    }
    expect(times).toEqual(Array.from(whole.columns.time));
  });

  test("reading waits for whoever takes the chunks", async () => {
    const many = repeated(800_000);
    let asked = 0;
    function* source(): Generator<Uint8Array> {
      for (const piece of many) {
        asked++;
        yield piece;
      }
    }
    const chunks = tableChunks(source(), { columns: ["time"], chunkLength: 1000 });
    await chunks.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toBeLessThan(many.length / 2);
    await chunks.return();
  });
});

/** Generations of 4,000 stretches of one goroutine each, one a piece, until there are about so many events. */
function repeated(events: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let generation = 1; generation * 8000 < events; generation++) {
    const body = `GoStart dt=1 g=1 g_seq=SEQ\nGoStop dt=1 reason_string=1 stack=0\n`;
    const lines = Array.from({ length: 4000 }, (_, i) => body.replace("SEQ", String(i + 1))).join("");
    const text = `Trace Go1.22
EventBatch gen=${generation} m=18446744073709551615 time=${generation * 100_000} size=5
Frequency freq=1000000000
EventBatch gen=${generation} m=18446744073709551615 time=${generation * 100_000} size=5
Strings
String id=1
	data="x"
EventBatch gen=${generation} m=0 time=${generation * 100_000 + 1} size=0
ProcStatus dt=1 p=0 pstatus=1
GoStatus dt=1 g=1 m=0 gstatus=1
${lines}`;
    const bytes = traceFromText(text);
    pieces.push(generation === 1 ? bytes : bytes.subarray(16));
  }
  return pieces;
}

describe("leaving and cancelling", () => {
  test("leaving the loop closes the source", async () => {
    const { source, closed } = watched(sampled);
    for await (const event of traceEvents(source)) if (event.kind === EventKind.GoTransition) break;
    expect(closed()).toBe(true);
  });

  test("a signal ends the wait for bytes that never come", async () => {
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield sampled.subarray(0, 1000);
      await new Promise(() => {});
    }
    const stop = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => stop.abort(reason), 20);
    const failure = await collect(tableChunks(stuck(), { signal: stop.signal })).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "canceled", cause: reason });
    await expect(readTable([sampled], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "canceled" });
  });

  test("a signal that comes between chunks throws instead of the next one", async () => {
    const stop = new AbortController();
    const chunks = tableChunks([sampled], { chunkLength: 100, signal: stop.signal });
    expect((await chunks.next()).done).toBe(false);
    stop.abort();
    await expect(chunks.next()).rejects.toMatchObject({ code: "canceled" });
    expect((await chunks.next()).done).toBe(true);
  });

  test("a source that fails is the failure of the loop, after what came before", async () => {
    const lost = new Error("connection lost");
    function* failing(): Generator<Uint8Array> {
      yield sampled.subarray(0, sampled.length - 100_000);
      throw lost;
    }
    let events = 0;
    const reading = (async () => {
      for await (const { length } of tableChunks(failing(), { chunkLength: 500 })) events += length;
    })();
    await expect(reading).rejects.toBe(lost);
    expect(events).toBeGreaterThan(0);
  });
});

describe("what is asked wrongly is refused by name", () => {
  const cases: [string, object, RegExp][] = [
    ["chunkLength 0", { chunkLength: 0 }, /chunkLength: 0 is not a whole number from 1 to/],
    ["chunkLength 1e12, before it is allocated", { chunkLength: 1e12 }, /chunkLength/],
    ["a column", { columns: ["time", "gorutine"] as unknown as ColumnName[] }, /no "gorutine"; there are time, kind,/],
    ["no columns", { columns: [] }, /none is asked for/],
    ["an empty range", { from: 2, to: 1 }, /to \(1\) is not at or after from \(2\)/],
    ["no number", { from: Number.NaN }, /from/],
  ];
  test.each(cases)("%s", async (_, options, message) => {
    await expect(collect(tableChunks([small], options))).rejects.toMatchObject({
      code: "bad_usage",
      message: expect.stringMatching(message) as string,
    });
  });

  test("bytes that are no trace are their own error", async () => {
    for (const reading of [readTable([new Uint8Array(100)]), collect(traceEvents([new Uint8Array(100)]))])
      await expect(reading).rejects.toSatisfy((error) => isForetraceError(error) && error.code === "not_a_trace");
  });
});

test("a row of a table as an object is the event of the trace", async () => {
  const table = await readTable([small]);
  expect(Array.from({ length: table.length }, (_, i) => eventAt(table, i))).toEqual(await collect(traceEvents([small])));
});

test("a trace of no events, and one of the old format with none", async () => {
  const header = new TextEncoder().encode("go 1.26 trace\0\0\0");
  expect(await readTable([header])).toMatchObject({ length: 1, info: { version: 26 }, clocks: [undefined], error: undefined });
  expect((await readTable([oldTrace(19, "Batch 0 1; Frequency 1000000000")])).length).toBe(1);
});
