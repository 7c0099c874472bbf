/** Profiles are those of `go tool trace -pprof`, stack by stack: by the stored answers of Go 1.26.5 (see tests/fixtures/export), and by go itself where it is. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { pprofExporter } from "../../src/export/pprof/exporter.ts";
import { profileKinds, type ProfileKind } from "../../src/export/pprof/kinds.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";
import { sharedDir } from "../helpers/shared.ts";
import { sha256, stacksByGo, stacksOf } from "./pprof-stacks.ts";
import { exported, exportedByAll } from "./run.ts";

type Totals = { stacks: number; contentions: number; delay: number; sha256: string };
const golden = JSON.parse(readFileSync(resolve(import.meta.dirname, "../fixtures/export/pprof-totals.json"), "utf8")) as Record<
  string,
  Record<ProfileKind, Totals>
>;
const profileOf = async (trace: Uint8Array, kind: ProfileKind, range = {}): Promise<Uint8Array> =>
  gzipSync((await exported(trace, (target) => pprofExporter(kind, target), range)).bytes);

describe.skipIf(sharedDir === undefined)("stored answers of go tool trace", () => {
  test.each(Object.entries(golden))("%s", async (name, kinds) => {
    const trace = readFileSync(join(sharedDir!, "traces/real", `${name}.trace`));
    const profiles = await exportedByAll(
      trace,
      profileKinds.map((kind) => (target) => pprofExporter(kind, target)),
    );
    for (const [i, kind] of profileKinds.entries()) {
      const found = stacksOf(gzipSync(profiles[i]!));
      const { lines, contentions, delay } = found;
      expect({ kind, stacks: lines.length, contentions, delay, sha256: sha256(found) }).toEqual({ kind, ...kinds[kind] });
    }
  });
});

const hasGo = spawnSync("go", ["version"]).status === 0;
if (!hasGo) console.warn("go is not here: profiles are not compared with those of go tool trace itself");

describe.skipIf(!hasGo)("go itself", () => {
  const folder = mkdtempSync(join(tmpdir(), "foretrace-pprof-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  // One kind of the old format: each run of go costs two seconds.
  const cases = [...profileKinds.map((kind) => [fixtureTrace, kind] as const), [oldTrace, "sync"] as const];
  for (const [file, kind] of cases) {
    test(`${kind} of ${file.replace(/.*\//, "")}`, async () => {
      const theirs = join(folder, "theirs.pb.gz");
      const ours = join(folder, "ours.pb.gz");
      writeFileSync(theirs, spawnSync("go", ["tool", "trace", `-pprof=${kind}`, file], { maxBuffer: 1 << 28 }).stdout);
      writeFileSync(ours, await profileOf(readFileSync(file), kind));
      const expected = stacksByGo(theirs);
      // Go's tool reads our file, and both readers see the same in it.
      expect(stacksByGo(ours)).toEqual(expected);
      expect(stacksOf(readFileSync(ours))).toEqual(expected);
    });
  }
});

test("ranges that meet add up to the whole", async () => {
  const trace = readFileSync(fixtureTrace);
  const whole = stacksOf(await profileOf(trace, "sync"));
  const cut = 20_000_000;
  const parts = await Promise.all([profileOf(trace, "sync", { to: cut }), profileOf(trace, "sync", { from: cut })]);
  const delays = parts.map((part) => stacksOf(part).delay);
  expect(whole.delay).toBeGreaterThan(0);
  expect(delays.every((delay) => delay > 0)).toBe(true);
  expect(delays[0]! + delays[1]!).toBe(whole.delay);
});
