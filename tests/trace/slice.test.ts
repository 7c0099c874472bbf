/** A slice is a valid trace of its own, and holds the same events for its range. */
import { describe, expect, test } from "vitest";
import { traceNanos } from "../../src/lib/units.ts";
import { EventKind, GoState, ProcState, type GenerationTables, type TraceOutcome } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sliceTrace } from "../../src/trace/slice.ts";
import { EventLister } from "./event-list.ts";
import { traceBytes, v2Traces } from "./golden.ts";

/** Trace, from, to in milliseconds. Several versions, one and many generations, beginnings, middles, ends. */
const cases = [
  ["esbuild-0.28.2-go1.26.5-cpuprofile.trace", 40, 70],
  ["esbuild-0.28.2-go1.26.5-cpuprofile.trace", 0, 0],
  ["esbuild-0.28.2-go1.26.5-watch.trace", 1500, 1800],
  ["esbuild-0.28.2-go1.26.5-watch.trace", 2900, 9999],
  ["esbuild-0.28.2-go1.26.5-small.trace", 10, 20],
  ["esbuild-0.27.7-go1.25.7-big.trace", 2500, 3500],
  ["esbuild-0.23.1-go1.22.5-big.trace", 5500, 7000],
  ["esbuild-0.24.2-go1.23.1-killed.trace", 100, 200],
  ["esbuild-0.28.2-go1.26.5-killed.trace", 0, 60_000],
] as const;

type Listed = { at: bigint; line: string; status: boolean };

async function list(
  bytes: Uint8Array,
  keep: (at: bigint) => boolean,
): Promise<{ events: Listed[]; generations: number[]; outcome: TraceOutcome }> {
  const events: Listed[] = [];
  const generations: number[] = [];
  let next: Omit<Listed, "line">;
  const lister = new EventLister((line) => events.push({ ...next, line }));
  let origin = 0n;
  const outcome = await readTrace([bytes], {
    start(info) {
      origin = info.origin;
      lister.start(info);
    },
    generation(tables: GenerationTables) {
      generations.push(tables.generation);
      lister.generation(tables);
    },
    event(...event) {
      const [kind, time, , , , , , from, to] = event;
      const at = origin + BigInt(time);
      if (!keep(at)) return;
      // Who does what at the beginning of a generation: told from what is known, which in a slice is nothing.
      const told = from === to || from === GoState.Undetermined;
      const toldProc = from === to || from === ProcState.Undetermined;
      next = { at, status: kind === EventKind.GoTransition ? told : kind === EventKind.ProcTransition && toldProc };
      lister.event(...event);
    },
  });
  return { events, generations, outcome };
}

async function slice(bytes: Uint8Array, from: number, to: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const open = () => [bytes.subarray(0, 70_000), bytes.subarray(70_000)];
  for await (const part of sliceTrace(open, { from: traceNanos(from), to: traceNanos(to) })) parts.push(part);
  return Buffer.concat(parts);
}

/** Of a status only what it says of the goroutine or processor: its context and former state are what a slice lacks. */
const statusOnly = (line: string): string => {
  const [time, kind, , , , , what, id, , to] = line.split("\t");
  return [time, kind, what, id, to].join("\t");
};

/** Syncs carry ordinals; and the whole trace may go on where the slice closes. */
const comparable = (events: Listed[]): string[] =>
  events.filter(({ line }) => !line.includes("\tSync\t")).map(({ line, status }) => (status ? statusOnly(line) : line));

describe("a slice", () => {
  test.each(cases.filter(([name]) => v2Traces.includes(name)))("of %s from %i to %i ms", async (name, from, to) => {
    const bytes = traceBytes(name)!;
    const cut = await slice(bytes, from * 1e6, to * 1e6);
    let begin = 0n;
    await readTrace([bytes], { start: (info) => void (begin = info.origin), event() {} });
    const inRange = (at: bigint): boolean => at >= begin + BigInt(from * 1e6) && at <= begin + BigInt(to * 1e6);
    const whole = await list(bytes, inRange);
    const part = await list(cut, inRange);
    expect(part.outcome.error).toBeUndefined();
    expect(part.generations.slice(0, -1).every((number) => whole.generations.includes(number))).toBe(true);
    const first = part.outcome.info!.origin;
    expect(comparable(part.events)).toEqual(comparable(whole.events));
    expect(part.events.length).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(begin + BigInt(from * 1e6));
  });

  test("holds only the generations that cover the range, byte for byte", async () => {
    const bytes = traceBytes("esbuild-0.28.2-go1.26.5-watch.trace")!;
    const cut = await slice(bytes, 1.5e9, 1.6e9);
    expect(Buffer.from(bytes.subarray(0, 16)).equals(cut.subarray(0, 16))).toBe(true);
    expect(Buffer.from(bytes).includes(cut.subarray(16))).toBe(true);
    expect(cut.length).toBeLessThan(bytes.length / 2);
    const all = await slice(bytes, 0, 1e12);
    expect(Buffer.from(bytes).subarray(0, all.length).equals(all)).toBe(true);
    const whole = await readTrace([bytes], { event() {} });
    expect(await readTrace([all], { event() {} })).toMatchObject({ events: whole.events, end: whole.end, error: undefined });
  });

  test("of a slice is the same again", async () => {
    const bytes = traceBytes("esbuild-0.28.2-go1.26.5-cpuprofile.trace")!;
    const once = await slice(bytes, 40e6, 70e6);
    expect(Buffer.compare(await slice(once, 0, 1e12), once)).toBe(0);
  });

  test("of a range without events says where the trace ends", async () => {
    const bytes = traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!;
    await expect(slice(bytes, 100e9, 200e9)).rejects.toMatchObject({
      code: "bad_usage",
      message: "no event of the trace lies between 1 min 40 s and 3 min 20 s; the trace ends at 67.1 ms",
    });
    await expect(slice(bytes.subarray(0, 20_000), 0, 1e9)).rejects.toMatchObject({ code: "bad_usage" });
    await expect(slice(bytes.subarray(5), 0, 1e9)).rejects.toMatchObject({ code: "not_a_trace" });
  });
});
