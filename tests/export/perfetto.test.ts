/** The Perfetto export, read by protobufjs with Perfetto's field table, against the reference reader's list of events and what the scenario is known to do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { perfettoExporter } from "../../src/export/perfetto/exporter.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";
import { sharedDir } from "../helpers/shared.ts";
import { readPerfetto, type PerfettoTrace } from "./perfetto-reader.ts";
import { exported } from "./run.ts";

const of = async (trace: Uint8Array, range = {}): Promise<PerfettoTrace> =>
  readPerfetto((await exported(trace, (target) => perfettoExporter("test", target), range)).bytes);
const parentName = (trace: PerfettoTrace, slice: { track: { parent: number } }): string | undefined =>
  trace.tracks.get(slice.track.parent)?.name;

describe("scenario tasks: 20 goroutines with a task, regions parse, render, and a child task with region query", async () => {
  const trace = await of(readFileSync(oldTrace));

  test("tasks, regions, logs", () => {
    const tasks = trace.slices.filter((slice) => parentName(trace, slice) === "Tasks");
    expect(tasks.filter(({ name }) => name.startsWith("request-"))).toHaveLength(20);
    const children = tasks.filter(({ name }) => name === "db");
    expect(children).toHaveLength(20);
    const requests = new Set(tasks.filter(({ name }) => name !== "db").map(({ notes }) => notes["task"]));
    expect(children.every(({ notes }) => requests.has(notes["parent task"]))).toBe(true);
    const regions = trace.slices.filter(({ track }) => track.name === "Regions");
    for (const [name, millis] of [
      ["parse", 1],
      ["render", 2],
      ["query", 5],
    ] as const) {
      const found = regions.filter((slice) => slice.name === name);
      expect(found).toHaveLength(20);
      expect(found.every(({ start, end }) => end - start >= millis * 1e6)).toBe(true);
    }
    const logs = trace.instants.filter(({ track }) => track.name === "Regions");
    expect(logs).toHaveLength(20);
    expect(new Set(logs.map(({ notes }) => notes["message"])).size).toBe(20);
    expect(logs.every(({ name }) => name === "key")).toBe(true);
  });

  test("a goroutine's states follow each other without a gap, and sleep is told as the reason", () => {
    const goroutines = [...trace.tracks.values()].filter(({ name }) => /^G\d+ main\.main\.func12$/.test(name));
    expect(goroutines).toHaveLength(20);
    for (const track of goroutines) {
      const states = trace.slices.filter((slice) => slice.track === track).toSorted((one, two) => one.start - two.start);
      expect(states.slice(1).map(({ start }) => start)).toEqual(states.slice(0, -1).map(({ end }) => end));
      const sleep = states.find(({ name }) => name === "Waiting: sleep")!;
      expect(sleep.end - sleep.start).toBeGreaterThan(5e6);
      expect(sleep.stack.at(-1)).toBe("time.Sleep");
      // Perfetto has the root first; the format of Go 1.19 leaves out the goroutine's own function where it is a wrapper.
      expect(sleep.stack[0]).toBe("main.main.func4");
    }
  });
});

type Transition = { time: number; thread: number; proc: number; id: number; from: string; to: string };

/** Transitions of goroutines in the reference reader's list of events, and the time of its last event; times count from the first. */
function transitions(tsv: string): { listed: Transition[]; end: number } {
  const lines = tsv.trimEnd().split("\n");
  const origin = Number(lines[0]!.split("\t")[0]);
  const listed = lines.flatMap((line) => {
    const [time, kind, thread, proc, , , what, id, from, to] = line.split("\t");
    return kind === "StateTransition" && what === "G"
      ? [{ time: Number(time) - origin, thread: Number(thread), proc: Number(proc), id: Number(id), from: from!, to: to! }]
      : [];
  });
  return { listed, end: Number(lines.at(-1)!.split("\t")[0]) - origin };
}

describe.skipIf(sharedDir === undefined)("against the reference reader's events", () => {
  test.each(["esbuild-0.28.2-go1.26.5-small", "esbuild-0.23.1-go1.22.5-small", "tsgolint-7.0.2007-go1.26.10-tiny"])("%s", async (name) => {
    const file = join(sharedDir!, "traces/real", `${name}.trace`);
    const { listed, end } = transitions(gunzipSync(readFileSync(`${file}.tsv.gz`)).toString());
    expect(listed.length).toBeGreaterThan(500);
    const trace = await of(readFileSync(file));
    const changes = listed.filter(({ from, to }) => from !== to);
    const origin = trace.slices.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY);

    // Time in each state, a goroutine: what was so at its first event was so from the beginning.
    const expected = new Map<string, number>();
    const add = (key: string, nanos: number): void => void expected.set(key, (expected.get(key) ?? 0) + nanos);
    const since = new Map<number, { state: string; time: number }>();
    for (const { time, id, from, to } of changes) {
      const before = since.get(id);
      if (before !== undefined) add(`${id} ${before.state}`, time - before.time);
      if (to === "NotExist") since.delete(id);
      else since.set(id, { state: to, time: from === "Undetermined" ? 0 : time });
    }
    for (const [id, { state, time }] of since) add(`${id} ${state}`, end - time);
    const found = new Map<string, number>();
    for (const { track, name: state, start, end: stop } of trace.slices) {
      const id = /^G(\d+)/.exec(track.name)?.[1];
      if (id === undefined) continue;
      const key = `${id} ${state.split(":")[0]}`;
      found.set(key, (found.get(key) ?? 0) + stop - start);
    }
    const sorted = (map: Map<string, number>): [string, number][] =>
      [...map].filter(([, nanos]) => nanos > 0).toSorted(([one], [two]) => (one < two ? -1 : 1));
    expect(sorted(found)).toEqual(sorted(expected));

    // Who starts where: one slice on the processor and one on the thread.
    const starts = changes.filter(({ from, to, proc }) => to === "Running" && from !== "Undetermined" && from !== "Syscall" && proc >= 0);
    const slices = new Set(trace.slices.map(({ track, start, notes }) => `${track.name} ${start - origin} ${String(notes["goroutine"])}`));
    for (const { time, thread, proc, id } of starts) {
      expect(slices.has(`P${proc} ${time} ${id}`)).toBe(true);
      expect(slices.has(`M ${thread} ${time} ${id}`)).toBe(true);
    }
    expect(starts.length).toBeGreaterThan(100);
  });
});

test("every arrow has both ends, the second is runnable from the moment on at which it was woken", async () => {
  const trace = await of(readFileSync(fixtureTrace));
  expect(trace.flows.size).toBeGreaterThan(50);
  for (const { from, to } of trace.flows.values()) {
    expect(["wakes", "creates"]).toContain(from!.name);
    expect(to!.name).toMatch(/^Runnable/);
    expect(to!.start).toBe(from!.start);
    expect(to!.track.name.startsWith(`G${String(from!.notes["goroutine"])}`)).toBe(true);
  }
});

test("samples of a CPU profile lie on threads that are described, with stacks", async () => {
  const trace = await of(
    gunzipSync(readFileSync(join(import.meta.dirname, "../fixtures/traces/esbuild-0.28.2-go1.26.5-cpuprofile.trace.gz"))),
  );
  expect(trace.samples).toHaveLength(10);
  const threads = new Set([...trace.tracks.values()].map(({ tid }) => tid));
  for (const { tid, stack } of trace.samples) {
    expect(threads.has(tid)).toBe(true);
    expect(stack.length).toBeGreaterThan(0);
  }
  // A collection that began before the trace runs from its beginning.
  expect(trace.slices.some(({ track }) => track.name === "GC mark phase")).toBe(true);
  expect(trace.wall).toBeDefined();
});

test("a range begins with what was so, and holds nothing outside of it", async () => {
  const bytes = readFileSync(fixtureTrace);
  const whole = await of(bytes);
  const [from, to] = [20_000_000, 30_000_000];
  const part = await of(bytes, { from, to });
  const origin = Math.min(...whole.slices.map(({ start }) => start));
  const clip = ({ slices }: PerfettoTrace): string[] =>
    slices
      .map(({ track, name, start, end }) => [track.name, name, Math.max(start - origin, from), Math.min(end - origin, to)] as const)
      // A goroutine that is first seen after the range is known to have been there only by the whole.
      .filter(([track, , start, end]) => end > start && (start !== from || end !== to) && /^(?:P\d|M |G\d|GC|Stop)/.test(track))
      // The name of a goroutine may be known later than the range begins.
      .map(
        ([track, , start, end]) =>
          `${track
            .split(" ")
            .slice(0, 2)
            .join(" ")
            .replace(/^(G\d+) .*/, "$1")} ${start} ${end}`,
      )
      .toSorted();
  expect(clip(part).length).toBeGreaterThan(100);
  expect(clip(part)).toEqual(clip(whole));
  for (const { start, end } of part.slices) {
    expect(start - origin).toBeGreaterThanOrEqual(from);
    expect(end - origin).toBeLessThanOrEqual(to);
  }
});
