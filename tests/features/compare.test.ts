/** Comparison of traces: how often it calls noise a difference, and whether it finds the differences that were put into the recordings. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { blockSeries } from "../../src/features/compare/blocks.ts";
import { Cells, mostCells } from "../../src/features/compare/cells.ts";
import { alpha, compare, type Comparison } from "../../src/features/compare/compare.ts";
import { testSeries } from "../../src/features/compare/permutation.ts";
import { isZeroWhenAbsent } from "../../src/features/catalogue.ts";
import { createProfile, type Profile } from "../../src/features/compare/profile.ts";
import { parseRule } from "../../src/features/compare/rules.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import { createRandom, type Random } from "../../src/lib/random.ts";
import { traceCores } from "../../src/sources/trace-core.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sharedDir } from "../helpers/shared.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures", "traces");

async function profileOf(bytes: Uint8Array, windowNanos: number): Promise<Profile> {
  const { visitor, finish } = createProfile(windowNanos);
  return finish(await readTrace([bytes], visitor, { core: traceCores }));
}
const recorded = (name: string, windowNanos: number): Promise<Profile> =>
  profileOf(readFileSync(join(sharedDir!, "traces", "real", `${name}.trace`)), windowNanos);
const random = (): Random => createRandom("test");
const differing = ({ series, places }: Comparison): string[] =>
  [...series, ...places].filter(({ differs }) => differs).map(({ name }) => name);

/** Chosen windows of a profile, in the order given. */
function windowsOf(cells: Cells, chosen: readonly number[]): Cells {
  expect(cells.stride).toBe(1);
  const part = new Cells();
  for (const window of chosen) {
    part.begin();
    for (const [name, { sums, weights }] of cells.columns) {
      if (weights[window]! > 0) part.add(name, sums[window]! / weights[window]!, weights[window]!);
    }
  }
  return part;
}

describe("cells", () => {
  it("keep the mean exactly while they are joined", () => {
    const [cells, rng] = [new Cells(), random()];
    let sum = 0;
    const windows = 5 * mostCells + 3;
    for (let i = 0; i < windows; i++) {
      const value = rng.uniform();
      sum += value;
      cells.begin();
      cells.add("x", value, 10);
    }
    expect(cells.stride).toBe(8);
    const { series } = blockSeries(cells, cells, 10, () => false);
    expect(series[0]!.a).toBeCloseTo(sum / windows, 12);
  });
});

describe("the test", () => {
  const noise = (rng: Random, count: number, blocks: number, shift = 0) => ({
    blocksA: blocks,
    blocksB: blocks,
    blockWindows: 1,
    series: Array.from({ length: count }, (_, i) => {
      const means = Float64Array.from({ length: 2 * blocks }, (_x, block) => rng.normal() + (i === 0 && block >= blocks ? shift : 0));
      return { name: String(i), means, a: 0, b: 0 };
    }),
  });

  it("of one series has the bound of Student's t", () => {
    // Two-sided 1 % points of t with 46 degrees of freedom: 2.687 (any table).
    const bounds = Array.from({ length: 10 }, (_, i) => testSeries(noise(createRandom(i), 1, 24), 0.01, 1999, random()).bound);
    expect(Math.abs(bounds.reduce((sum, bound) => sum + bound, 0) / 10 - 2.687)).toBeLessThan(0.1);
  });

  it("over 60 series of noise calls something different in 5 of 100 cases at 5 %, and not far more", () => {
    let alarms = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { change, band } = testSeries(noise(createRandom(seed), 60, 24), 0.05, 199, createRandom(`deal ${seed}`));
      if (change.some((value, i) => Math.abs(value) > band[i]!)) alarms++;
    }
    // Binomial(200, 0.05): more than 20 in one of 1,000.
    expect(alarms).toBeLessThanOrEqual(20);
  });

  it("finds a shift of two deviations among 60 series of noise", () => {
    let found = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { change, band } = testSeries(noise(createRandom(seed), 60, 24, 2), 0.01, 999, random());
      if (Math.abs(change[0]!) > band[0]!) found++;
    }
    expect(found).toBeGreaterThanOrEqual(27);
  });
});

describe("a trace and itself", () => {
  it.each([
    ["esbuild-0.28.2-go1.26.5-watch.trace.gz", 5e7],
    ["esbuild-0.28.2-go1.26.5-small.trace", 1e6],
  ] as const)("%s: nothing differs", async (file, window) => {
    const bytes = readFileSync(join(fixtures, file));
    const profile = await profileOf(file.endsWith(".gz") ? gunzipSync(bytes) : bytes, window);
    const found = compare(profile, profile, random());
    expect(found.isTested).toBe(true);
    expect(differing(found)).toEqual([]);
    const { findings } = found;
    expect([findings.new, findings.gone, findings.grown, findings.shrunk]).toEqual([[], [], [], []]);
    expect(findings.same).toHaveLength(profile.findings.length);
  });
});

if (sharedDir === undefined) console.warn("compare: the recordings in shared/ are not here; comparisons of them are skipped");
describe.skipIf(sharedDir === undefined)("recordings", () => {
  let idle: Profile;
  beforeAll(async () => {
    idle = await recorded("go119-scenario-idle", 1e7);
  });

  it("random halves of a server under steady load: false alarms as often as stated", async () => {
    const { cells } = await recorded("esbuild-0.28.2-go1.26.5-serve-load", 2e7);
    // Behind the start, before the load ends.
    const steady = Array.from({ length: 192 }, (_, i) => 60 + i);
    const rng = random();
    let alarms = 0;
    const splits = 60;
    for (let split = 0; split < splits; split++) {
      const order = [...steady];
      for (let i = order.length - 1; i > 0; i--) {
        const other = rng.below(i + 1);
        [order[i], order[other]] = [order[other]!, order[i]!];
      }
      const [a, b] = [order.slice(0, 96), order.slice(96)].map((part) =>
        windowsOf(
          cells,
          part.toSorted((one, two) => one - two),
        ),
      );
      const blocked = blockSeries(a!, b!, 2e7, isZeroWhenAbsent);
      const { change, band } = testSeries(blocked, alpha, 499, rng.fork(String(split)));
      if (change.some((value, i) => Math.abs(value) > band[i]!)) alarms++;
    }
    // Binomial(60, 0.01): more than 4 in one of 2,000.
    expect(alarms).toBeLessThanOrEqual(4);
  }, 120_000);

  it("leak: the finding, the goroutines and the place that makes them", async () => {
    const found = compare(idle, await recorded("go119-scenario-leak", 1e7), random());
    expect(found.findings.new.map(({ id }) => id)).toContain("goroutine-leak:main.leaked");
    expect(differing(found)).toEqual(expect.arrayContaining(["go_trace_goroutines_created", 'go_trace_goroutines{state="waiting"}']));
    expect(found.places.find(({ kind, name }) => kind === "creation" && name.startsWith("main.leaked "))).toMatchObject({
      status: "appeared",
    });
    // README of the recordings: one every 10 ms, and 50 others.
    expect(found.series.find(({ name }) => name === "go_trace_goroutines_created")!.b * 2.056).toBeCloseTo(251, -1);
    expect(parseRule("findings.new.severity>=warning").check(found).holds).toBe(true);
    expect(parseRule("findings.new.kind=goroutine-leak").check(found).holds).toBe(true);
    expect(parseRule("go_trace_goroutines_created>+20%").check(found).holds).toBe(true);
    expect(parseRule("go_trace_goroutines_created<-20%").check(found).holds).toBe(false);
    expect(parseRule("findings.gone>0").check(found).holds).toBe(false);
  });

  it("mutex: the lock is waited for, seven goroutines on average", async () => {
    const found = compare(idle, await recorded("go119-scenario-mutex", 1e7), random());
    expect(found.findings.new.map(({ id }) => id)).toEqual(["lock-contention:main.main.func1"]);
    expect(differing(found)).toContain('go_trace_block_seconds{reason="sync"}');
    const waits = found.places.filter(({ kind, status }) => kind === "wait" && status === "appeared");
    expect(waits.some(({ name }) => name.startsWith("sync (mutex) · main."))).toBe(true);
    // And the other way round it is gone.
    const back = compare(found.b, found.a, random());
    expect(back.findings.gone.map(({ id }) => id)).toEqual(["lock-contention:main.main.func1"]);
    expect(parseRule("findings.new.severity>=warning").check(back).holds).toBe(false);
  });

  it("gc: collections, sweeping and the heap", async () => {
    const found = compare(idle, await recorded("go119-scenario-gc", 1e7), random());
    expect(found.findings.new.map(({ kind }) => kind)).toContain("gc-pressure");
    expect(differing(found)).toEqual(
      expect.arrayContaining(["go_trace_gc_active_seconds", "go_trace_gc_sweep_seconds", 'go_trace_goroutines{state="running"}']),
    );
  });

  it("a watching and a serving esbuild: the network, and the handlers", async () => {
    const [watch, serve] = [
      await recorded("esbuild-0.28.2-go1.26.5-watch", 5e7),
      await recorded("esbuild-0.28.2-go1.26.5-serve-load", 5e7),
    ];
    const found = compare(watch, serve, random());
    expect(differing(found)).toEqual(expect.arrayContaining(['go_trace_blocks{reason="network"}', "network · net/http.(*conn).serve"]));
    expect(found.places.find(({ name }) => name === "sleep · github.com/evanw/esbuild/pkg/api.(*watcher).start.func1")).toMatchObject({
      status: "gone",
    });
  });
});

function outcomeOf(rule: string): string {
  try {
    parseRule(rule);
    return "taken";
  } catch (error) {
    return isForetraceError(error) ? error.code : String(error);
  }
}

describe("rules", () => {
  it("of any text are taken or refused as wrong use", () => {
    const word = fc.constantFrom(
      "findings",
      ".",
      "new",
      "severity",
      "go_trace_events",
      "{",
      "}",
      '"',
      ">",
      "=",
      "<",
      "+",
      "-",
      "20",
      "%",
      " ",
      "e9",
      "warning",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 12 }).map((words) => words.join("")),
        ),
        (text) => {
          expect(["taken", "bad_usage"]).toContain(outcomeOf(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["", "write NAME"],
    ["findings.new.severity>=bad", "no severity"],
    ["findings.old.severity>=info", "none of"],
    ["findings.new.kind=lock", "no kind"],
    ["findings.new.kind>goroutine-leak", "only be compared by ="],
    ["go_trace_nothing>1", "no series"],
    ["up>1", "neither a series"],
    ["go_trace_events>20%", "share"],
    ["go_trace_events>-20%", "a fall <-VALUE"],
    ["go_trace_events>+x", "no number"],
    ["constructor>0", "neither"],
    ["findings.constructor.severity>=info", "none of"],
  ])("%j is refused in words", (text, message) => {
    expect(() => parseRule(text)).toThrow(message);
  });
});
