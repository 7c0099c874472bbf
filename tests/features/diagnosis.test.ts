/** The facts that the findings are decided by, on programs written by hand: what must come out follows from what their goroutines do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCoreSeries } from "../../src/features/core-series.ts";
import { Diagnosis } from "../../src/features/diagnosis.ts";
import type { Group } from "../../src/features/diagnosis/groups.ts";
import { createWideSeries } from "../../src/features/wide-series.ts";
import { readTrace } from "../../src/trace/read.ts";
import { findingCases } from "./finding-cases.ts";
import { hasTraces, realDir } from "./traces.ts";
import { Channel, Line, Mutex, traceOf, type Body, type ProgramOptions } from "./program.ts";
import { WrittenTrace } from "./written-trace.ts";

/** Range and windows in milliseconds. */
async function diagnose(bytes: Uint8Array, { from = 0, to = Number.POSITIVE_INFINITY, window = 100 } = {}): Promise<Diagnosis> {
  let diagnosis: Diagnosis | undefined;
  let last = 0;
  const range = { from: from * 1e6, to: to * 1e6 };
  const series = createWideSeries({ windowNanos: window * 1e6, onWindow: () => {} }, (observed) => {
    const made = new Diagnosis(observed, range.from, range.to);
    diagnosis = made;
    return {
      range,
      change: (change) => made.change(change),
      existed: (slot, time) => made.existed(slot, time),
      syscall: (slot, since, time, seen) => made.syscall(slot, since, time, seen),
      event: () => {},
      gap: (start, end) => made.gap(start, end),
      window: (end) => made.window(end),
    };
  });
  const { error } = await readTrace([bytes], {
    generation: (tables) => series.generation?.(tables),
    event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f) {
      last = time;
      series.event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f);
    },
  });
  expect(error).toBeUndefined();
  series.finish();
  diagnosis!.finish(last);
  return diagnosis!;
}
const program = (options: ProgramOptions, main: Body): Uint8Array => traceOf(options, main);
const group = (diagnosis: Diagnosis, name: string): Group => diagnosis.groups.groups.find((one) => one.name === name)!;
const waitAt = (diagnosis: Diagnosis, site: string): Diagnosis["waits"]["sites"][number] =>
  diagnosis.waits.sites.find((one) => one.site === site)!;
/** Milliseconds; the scheduler of the program takes some microseconds a step. */
const near = (nanos: number, ms: number): void => expect(Math.abs(nanos / 1e6 - ms)).toBeLessThan(0.1);

/** One holds a lock for 30 ms, four times; the other asks for it after 10 ms each time. */
const lockFor = (go: Parameters<Body>[0], ms: number): void => {
  const mutex = new Mutex();
  go.go(
    "a.holder (a.go:1)",
    function* (go) {
      for (;;) {
        yield go.lock(mutex, "a.holder (a.go:2)");
        yield go.run(30);
        go.unlock(mutex, "a.holder (a.go:3)");
        yield go.sleep(70, "a.holder (a.go:4)");
      }
    },
    "main.main (main.go:2)",
  );
  go.go(
    "a.asker (a.go:10)",
    function* (go) {
      for (;;) {
        yield go.sleep(10, "a.asker (a.go:11)");
        yield go.lock(mutex, "a.asker (a.go:12)");
        go.unlock(mutex, "a.asker (a.go:13)");
        yield go.sleep(ms, "a.asker (a.go:14)");
      }
    },
    "main.main (main.go:3)",
  );
};

describe("waits and who ends them", () => {
  it("place, kind of lock, how long, how many at once, and the place of the waker", async () => {
    const diagnosis = await diagnose(
      program({ procs: 2, ms: 400 }, function* (go) {
        lockFor(go, 70);
        yield go.sleep(1000, "main.main (main.go:4)");
      }),
    );
    const wait = waitAt(diagnosis, "a.asker (a.go:12)");
    expect(wait).toMatchObject({ reason: "sync", lock: "mutex", count: 4, most: 1, queueNanos: 0, wokenByRuntime: 0, wokenByGoroutine: 4 });
    near(wait.longest, 20);
    near(wait.anyNanos, wait.nanos / 1e6);
    expect([...wait.wakers.values()]).toMatchObject([{ site: "a.holder (a.go:3)", group: "a.holder", count: 4 }]);
    const sleep = waitAt(diagnosis, "a.asker (a.go:11)");
    expect(sleep).toMatchObject({ reason: "sleep", wokenByRuntime: sleep.count, wokenByGoroutine: 0 });
    expect(sleep.wakers.size).toBe(0);
  });

  it("what waits at the end, since when", async () => {
    const diagnosis = await diagnose(
      program({ procs: 1, ms: 500 }, function* (go) {
        yield go.run(100);
        go.go(
          "a.wait (a.go:1)",
          function* (go) {
            yield go.receive(new Channel(), "a.wait (a.go:2)");
          },
          "main.main (main.go:2)",
        );
        yield go.sleep(1000, "main.main (main.go:3)");
      }),
    );
    const { left, count, nanos, openNanos } = waitAt(diagnosis, "a.wait (a.go:2)");
    expect(left).toMatchObject([{ id: 2, seen: true, name: "a.wait" }]);
    expect({ count, nanos }).toEqual({ count: 0, nanos: 0 });
    near(left[0]!.since, 100);
    near(openNanos, 400);
    expect(group(diagnosis, "a.wait").waiting.reduce((sum, one) => sum + one, 0)).toBe(openNanos);
  });
});

describe("a range", () => {
  const bytes = program({ procs: 2, ms: 1000 }, function* (go) {
    go.go(
      "a.busy (a.go:1)",
      function* (go) {
        yield go.run(150, { held: true });
        yield go.sleep(2000, "a.busy (a.go:3)");
      },
      "main.main (main.go:2)",
    );
    go.go(
      "a.call (a.go:10)",
      function* (go) {
        yield go.call(350, ["syscall.read (z.go:1)", "a.call (a.go:11)"]);
        yield go.sleep(2000, "a.call (a.go:12)");
      },
      "main.main (main.go:3)",
    );
    yield go.sleep(250, "main.main (main.go:4)");
    yield go.run(20);
    yield go.sleep(2000, "main.main (main.go:5)");
  });

  it("counts what began before from its begin on, and what goes on at its end until then", async () => {
    const diagnosis = await diagnose(bytes, { from: 100, to: 300 });
    near(group(diagnosis, "a.busy").busy, 50);
    near(
      group(diagnosis, "a.busy").waiting.reduce((sum, one) => sum + one, 0),
      150,
    );
    near(group(diagnosis, "a.call").syscall, 200);
    const main = waitAt(diagnosis, "main.main (main.go:4)");
    near(main.nanos, 150);
    near(main.longestAt, 100);
    near(waitAt(diagnosis, "main.main (main.go:5)").openNanos, 30);
    expect(group(diagnosis, "a.busy")).toMatchObject({ existed: 1, created: 0, live: 1 });
    // 50 ms of the slice lie in the range, the 100 before do not.
    expect(diagnosis.slices.long).toMatchObject([{ name: "a.busy", start: 100e6 }]);
    near(diagnosis.slices.long[0]!.nanos, 50);
  });

  it("adds up over ranges that meet", async () => {
    const whole = await diagnose(bytes);
    const parts = await Promise.all([0, 200, 400].map((from) => diagnose(bytes, { from, to: from === 400 ? Infinity : from + 200 })));
    const sum = (name: string, of: (group: Group) => number): number => parts.reduce((all, part) => all + of(group(part, name)), 0);
    const waiting = (one: Group): number => one.waiting.reduce((all, nanos) => all + nanos, 0);
    // Not of a.call: whether a call keeps its processor is known when it ends, so that a range that ends in one leaves it out.
    for (const name of ["a.busy", "main.main"]) expect(sum(name, ({ busy }) => busy)).toBeCloseTo(group(whole, name).busy, 0);
    for (const name of ["a.busy", "a.call", "main.main"]) {
      const all = group(whole, name);
      expect(sum(name, ({ runnable }) => runnable)).toBeCloseTo(all.runnable, 0);
      expect(sum(name, ({ syscall }) => syscall)).toBeCloseTo(all.syscall, 0);
      expect(sum(name, waiting)).toBeCloseTo(waiting(all), 0);
    }
  });

  it("knows the kind of a lock that somebody queued for before", async () => {
    const diagnosis = await diagnose(
      program({ procs: 2, ms: 400 }, function* (go) {
        lockFor(go, 70);
        yield go.sleep(1000, "main.main (main.go:4)");
      }),
      { from: 20, window: 20 },
    );
    expect(diagnosis.waits.sites.filter(({ site }) => site === "a.asker (a.go:12)")).toMatchObject([{ lock: "mutex", count: 4 }]);
  });

  it("takes of a gap the part that lies in it", async () => {
    const stalled = program({ procs: 2, ms: 600, stalls: [[150, 290]] }, function* (go) {
      go.go(
        "a.spin (a.go:1)",
        function* (go) {
          yield go.run(1000);
        },
        "main.main (main.go:2)",
      );
      yield go.run(1000);
    });
    const gapOf = async (from: number, to: number): Promise<number[]> => {
      const { gaps } = (await diagnose(stalled, { from, to })).slices;
      return gaps.map(({ nanos }) => Math.round(nanos / 1e6));
    };
    // The last event before is the end of a slice at 140 ms.
    expect(await gapOf(0, Infinity)).toEqual([150]);
    expect(await gapOf(200, 400)).toEqual([90]);
    expect(await gapOf(100, 200)).toEqual([60]);
    expect(await gapOf(300, 400)).toEqual([]);
  });
});

describe("gaps and slices", () => {
  it("a gap needs a goroutine that runs, and says how many did", async () => {
    const options: ProgramOptions = { procs: 3, ms: 600, stalls: [[100, 160]] };
    const running = (count: number): Body =>
      function* (go) {
        for (let i = 0; i < count; i++) {
          go.go(
            "a.spin (a.go:1)",
            function* (go) {
              yield go.run(1000);
            },
            "main.main (main.go:2)",
          );
        }
        yield go.sleep(80, "main.main (main.go:3)");
        yield go.sleep(1000, "main.main (main.go:4)");
      };
    const gaps = async (count: number): Promise<readonly number[]> =>
      (await diagnose(program(options, running(count)))).slices.gaps.map((gap) => gap.running);
    expect(await gaps(0)).toEqual([]);
    expect(await gaps(1)).toEqual([1]);
    expect(await gaps(3)).toEqual([3]);
  });

  it("a slice is long from 25 ms on, however many system calls lie in it", async () => {
    const { slices } = await diagnose(
      program({ procs: 1, ms: 400 }, function* (go) {
        yield go.run(24, { held: true });
        yield go.yield("main.main (main.go:2)");
        for (let i = 0; i < 3; i++) {
          yield go.run(8, { held: true });
          yield go.call(1, ["syscall.read (z.go:1)", "main.main (main.go:3)"]);
        }
        yield go.yield("main.main (main.go:4)");
        yield go.sleep(1000, "main.main (main.go:5)");
      }),
    );
    expect(slices.long).toMatchObject([{ name: "main.main", site: "main.main (main.go:4)" }]);
    near(slices.long[0]!.nanos, 27);
  });
});

describe("system calls by place", () => {
  it("counts, lost processors, and calls that could be one", async () => {
    const { calls } = await diagnose(
      program({ procs: 1, ms: 200 }, function* (go) {
        for (const pause of [0, 0.05, 0.05, 0.5]) {
          yield go.run(pause);
          yield go.call(0.01, ["syscall.read (z.go:1)", "main.main (main.go:3)"]);
        }
        yield go.call(0.01, ["syscall.read (z.go:1)", "main.main (main.go:4)"]);
        yield go.call(5, ["syscall.read (z.go:1)", "main.main (main.go:5)"], { lost: true });
        yield go.sleep(1000, "main.main (main.go:6)");
      }),
    );
    expect(calls.sites).toMatchObject([
      // The second and third came 0.05 ms after the one before.
      { site: "main.main (main.go:3)", count: 4, lost: 0, close: 2 },
      { site: "main.main (main.go:4)", count: 1, lost: 0, close: 0 },
      { site: "main.main (main.go:5)", count: 1, lost: 1, close: 0 },
    ]);
    near(calls.sites[2]!.lostNanos, 5);
  });
});

describe("wake-ups", () => {
  const crowd = (size: number, workMs: number): Promise<Diagnosis> =>
    diagnose(
      program({ procs: 4, ms: 300 }, function* (go) {
        const line = new Line();
        for (let i = 0; i < size; i++) {
          go.go(
            "a.member (a.go:1)",
            function* (go) {
              for (;;) {
                yield go.condWait(line, "a.member (a.go:2)");
                yield go.run(workMs);
              }
            },
            "main.main (main.go:2)",
          );
        }
        for (let i = 0; i < 10; i++) {
          yield go.sleep(20, "main.main (main.go:3)");
          go.broadcast(line, "main.main (main.go:4)");
        }
        yield go.sleep(1000, "main.main (main.go:5)");
      }),
    );

  it("8 at once are a crowd, 7 are none", async () => {
    expect((await crowd(7, 0.01)).wakes.herds).toEqual([]);
    const { herds } = (await crowd(8, 0.01)).wakes;
    expect(herds).toMatchObject([{ waker: "main.main (main.go:4)", site: "a.member (a.go:2)", herds: 10, woken: 80, futile: 10 }]);
  });

  it("who has something to do is no futile one", async () => {
    expect((await crowd(20, 1)).wakes.herds).toMatchObject([{ herds: 10, woken: 200, futile: 0 }]);
  });

  it("edges between functions: who sends, who receives", async () => {
    const { wakes } = await diagnose(
      program({ procs: 2, ms: 400 }, function* (go) {
        const channel = new Channel();
        go.go(
          "a.sender (a.go:1)",
          function* (go) {
            for (let i = 0; i < 10; i++) {
              yield go.sleep(5, "a.sender (a.go:2)");
              yield go.send(channel, "a.sender (a.go:3)");
            }
          },
          "main.main (main.go:2)",
        );
        for (let i = 0; i < 10; i++) yield go.receive(channel, "main.main (main.go:3)");
        yield go.sleep(1000, "main.main (main.go:4)");
      }),
    );
    expect([...wakes.edges.values()]).toEqual([{ from: "a.sender", to: "main.main", sends: 10, receives: 0 }]);
  });
});

/** Nanoseconds that goroutines lived in all, by the core series, which are held against the reference reader. */
async function livedBySeries(bytes: Uint8Array): Promise<number> {
  let lived = 0;
  const series = createCoreSeries({
    windowNanos: 1e8,
    onWindow({ values, length }) {
      for (const [name, value] of values) if (name.startsWith("go_trace_goroutines{")) lived += value * length;
    },
  });
  await readTrace([bytes], series);
  series.finish();
  return lived;
}
const livedByGroups = ({ groups: { groups } }: Diagnosis): number =>
  groups.reduce((sum, { busy, runnable, away, waiting }) => sum + busy + runnable + away + waiting.reduce((all, one) => all + one, 0), 0);

describe("the time of all goroutines is counted once", () => {
  const cases = findingCases.filter(({ kind }) =>
    ["syscall-io-file", "lock-contention", "run-queue", "gc-pressure", "goroutine-leak"].includes(kind),
  );
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, { bytes }) => {
    const trace = bytes();
    expect(livedByGroups(await diagnose(trace)) / (await livedBySeries(trace))).toBeCloseTo(1, 6);
  });

  it
    .skipIf(!hasTraces)
    .each([
      "go119-scenario-pipeline",
      "nats-server-2.9.10-go1.19.8-load3s",
      "esbuild-0.28.2-go1.26.5-small",
      "prometheus-2.42.0-go1.19.8-idle5s",
    ])("%s", async (name) => {
    const trace = readFileSync(join(realDir, `${name}.trace`));
    expect(livedByGroups(await diagnose(trace)) / (await livedBySeries(trace))).toBeCloseTo(1, 6);
  });
});

describe("groups of goroutines", () => {
  it("by function and place of creation; what they did with their time", async () => {
    const diagnosis = await diagnose(
      program({ procs: 1, ms: 400 }, function* (go) {
        for (const line of [2, 2, 3]) {
          go.go(
            "a.work (a.go:1)",
            function* (go) {
              yield go.run(5);
              yield go.sleep(10, "a.work (a.go:2)");
              yield go.run(1);
            },
            `main.main (main.go:${line})`,
          );
        }
        yield go.sleep(1000, "main.main (main.go:4)");
      }),
    );
    const groups = diagnosis.groups.groups.filter(({ name }) => name === "a.work");
    expect(groups).toMatchObject([
      { origin: "main.main (main.go:2)", created: 2, begun: 2, ended: 2, live: 0, starts: 4 },
      { origin: "main.main (main.go:3)", created: 1, begun: 1, ended: 1, live: 0, starts: 2 },
    ]);
    near(groups[0]!.busy, 12);
    // The second of them waited for the first, the third for both.
    near(groups[0]!.firstWait, 5);
    near(groups[1]!.firstWait, 10);
  });

  it("the curve of those alive keeps its shape when it is thinned", async () => {
    const growing = program({ procs: 1, ms: 1000 }, function* (go) {
      for (let i = 0; i < 90; i++) {
        go.go(
          "a.leak (a.go:1)",
          function* (go) {
            yield go.receive(new Channel(), "a.leak (a.go:2)");
          },
          "main.main (main.go:2)",
        );
        yield go.sleep(10, "main.main (main.go:3)");
      }
      yield go.sleep(1000, "main.main (main.go:4)");
    });
    const { curve } = group(await diagnose(growing, { window: 1 }), "a.leak");
    expect(curve.length).toBeGreaterThanOrEqual(125);
    expect(curve.length).toBeLessThan(256);
    expect(curve).toEqual(curve.toSorted((one, two) => one - two));
    for (const share of [0.25, 0.5, 0.75]) {
      const at = Math.floor(share * curve.length);
      expect(Math.abs(curve[at]! - 100 * share)).toBeLessThan(3);
    }
    expect(curve.at(-1)).toBe(90);
  });

  it("a name that comes late takes its goroutine along", async () => {
    const trace = new WrittenTrace();
    trace.event(1, 1, "ProcStatus", { p: 0, pstatus: 1 });
    trace.event(1, 2, "GoStatusStack", { g: 1, m: 1, gstatus: 2, stack: 0 });
    // Created without a word what it runs, as by a thread of C.
    trace.event(1, 1e6, "GoCreate", { new_g: 2, new_stack: 0, stack: 0 });
    trace.event(1, 2e6, "GoBlock", { reason_string: trace.string("sleep"), stack: trace.stack(["time.Sleep (t.go:1)", "a.old (a.go:2)"]) });
    trace.event(1, 3e6, "GoStart", { g: 2, g_seq: 1 });
    trace.event(1, 4e6, "GoBlock", {
      reason_string: trace.string("sleep"),
      stack: trace.stack(["time.Sleep (t.go:1)", "b.young (b.go:2)"]),
    });
    trace.event(1, 9e6, "HeapAlloc", { heapalloc_value: 1 });
    const diagnosis = await diagnose(trace.bytes());
    expect(group(diagnosis, "a.old")).toMatchObject({ existed: 1, created: 0, live: 1 });
    near(group(diagnosis, "a.old").busy, 2);
    expect(group(diagnosis, "b.young")).toMatchObject({ existed: 0, created: 1, live: 1 });
    near(group(diagnosis, "b.young").busy, 1);
    expect(group(diagnosis, "")).toMatchObject({ existed: 0, created: 0, live: 0 });
  });
});
