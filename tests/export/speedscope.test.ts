/** The speedscope export against speedscope's own schema (in its npm package), the reference reader's totals and what the scenario does. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { speedscopeExporter } from "../../src/export/speedscope/exporter.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";
import { sharedDir } from "../helpers/shared.ts";
import { exported } from "./run.ts";

const schemaFile = createRequire(import.meta.url).resolve("speedscope/dist/release/file-format-schema.json");
const validate = new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(readFileSync(schemaFile, "utf8")) as object);

type Profile = { name: string; unit: string; endValue: number; samples: number[][]; weights: number[] };
type Document = { profiles: Profile[]; shared: { frames: { name: string }[] } };

async function of(trace: Uint8Array, range = {}): Promise<Document> {
  const { bytes } = await exported(trace, (target) => speedscopeExporter("test", target), range);
  const document = JSON.parse(new TextDecoder().decode(bytes)) as Document;
  expect(validate(document) ? [] : validate.errors).toEqual([]);
  for (const { samples, weights, endValue } of document.profiles) {
    expect(weights).toHaveLength(samples.length);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(endValue);
    for (const sample of samples) for (const frame of sample) expect(document.shared.frames[frame]).toBeDefined();
  }
  return document;
}

/** Nanoseconds of a profile by its innermost frame. */
function byState({ profiles, shared }: Document, name: string): Record<string, number> {
  const { samples, weights } = profiles.find((profile) => profile.name === name)!;
  const out: Record<string, number> = {};
  samples.forEach((sample, i) => {
    const state = shared.frames[sample.at(-1)!]!.name;
    out[state] = (out[state] ?? 0) + weights[i]!;
  });
  return out;
}

test("scenario tasks: 20 goroutines run 3 ms each and sleep 5 ms", async () => {
  const states = byState(await of(readFileSync(oldTrace)), "main.main.func12");
  expect(states["[waiting: sleep]"]).toBeGreaterThan(20 * 5e6);
  expect(states["[running]"]).toBeGreaterThan(20 * 3e6);
});

describe.skipIf(sharedDir === undefined)("totals of the reference reader", () => {
  test.each(["esbuild-0.28.2-go1.26.5-small", "esbuild-0.23.1-go1.22.5-small", "go119-scenario-mutex"])("%s", async (name) => {
    const file = join(sharedDir!, "traces/real", `${name}.trace`);
    const document = await of(readFileSync(file));
    const lines = gunzipSync(readFileSync(`${file}.tsv.gz`))
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    const origin = Number(lines[0]![0]);
    const totals: Record<string, number> = {};
    const since = new Map<string, { state: string; time: number }>();
    const settle = (id: string, now: number): void => {
      const { state, time } = since.get(id) ?? { state: "", time: now };
      if (now > time) totals[state] = (totals[state] ?? 0) + now - time;
    };
    for (const [at, kind, , , , , what, id, from, to, reason] of lines) {
      if (kind !== "StateTransition" || what !== "G" || from === to) continue;
      const time = Number(at) - origin;
      settle(id!, time);
      const why = (JSON.parse(reason!) as string) === "" ? "" : `: ${JSON.parse(reason!) as string}`;
      const state = { Running: "[running]", Runnable: "[runnable]", Syscall: "[system call]", Waiting: `[waiting${why}]` }[to!];
      if (state === undefined) since.delete(id!);
      else since.set(id!, { state, time: from === "Undetermined" ? 0 : time });
    }
    for (const id of since.keys()) settle(id, Number(lines.at(-1)![0]) - origin);
    expect({ ...byState(document, "All goroutines: on CPU"), ...byState(document, "All goroutines: off CPU") }).toEqual(totals);
  });
});

test("CPU samples come first where there are some", async () => {
  const { profiles, shared } = await of(
    gunzipSync(readFileSync(join(import.meta.dirname, "../fixtures/traces/esbuild-0.28.2-go1.26.5-cpuprofile.trace.gz"))),
  );
  expect(profiles[0]).toMatchObject({ name: "CPU samples, in order of time", unit: "none", endValue: 10 });
  // Root first.
  const roots = new Set(profiles[0]!.samples.map(([root]) => shared.frames[root!]!.name));
  expect([...roots].some((name) => name.startsWith("github.com/evanw/esbuild") || name.startsWith("runtime."))).toBe(true);
});

test("ranges that meet add up to the whole", async () => {
  const trace = readFileSync(fixtureTrace);
  const total = async (range: object): Promise<number> =>
    Object.values(byState(await of(trace, range), "All goroutines: on CPU")).reduce((sum, one) => sum + one, 0);
  const whole = await total({});
  expect(whole).toBeGreaterThan(0);
  expect((await total({ to: 20_000_000 })) + (await total({ from: 20_000_000 }))).toBe(whole);
});
