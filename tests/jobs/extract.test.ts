/** A stored trace → its series, at the right time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { extract } from "../../src/jobs/steps/extract.ts";
import { ingest } from "../../src/jobs/steps/ingest.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import { formatSeriesName } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { readSeriesCsv } from "../helpers/series-csv.ts";
import { loadIndex } from "../../src/sources/trace-index-file.ts";
import { sharedDir } from "../helpers/shared.ts";
import { allTime, contents, type Harness, openHarness } from "./harness.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");
const name = "esbuild-0.28.2-go1.26.5-watch";
const watch = readFileSync(join(fixtures, "traces", `${name}.trace.gz`));
/** The same trace in other bytes, which are another trace to the store. */
const again = (level: number): Uint8Array => gzipSync(gunzipSync(watch), { level });

let jobs: Harness;
beforeAll(async () => {
  jobs = await openHarness({ yaml: "grid: 1s" });
});
afterAll(() => jobs?.close());

type Meta = { recordedAt?: number; clockShiftMillis?: number };
async function put(target: string, bytes: Uint8Array, { recordedAt, clockShiftMillis }: Meta = {}): Promise<string> {
  const meta = {
    target,
    uploadedAt: epochMillis(jobs.now),
    ...(recordedAt !== undefined && { recordedAt: epochMillis(recordedAt) }),
    ...(clockShiftMillis !== undefined && { clockShiftMillis }),
  };
  return (await jobs.store.traces.put(pieces(bytes), meta)).record.id;
}
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isForetraceError(error) ? error.code : String(error);
};

describe("a trace of Go 1.26, which knows its wall clock", () => {
  test("its cells are sums of the reference's windows, at the second they cover", async () => {
    const id = await put("web", watch);
    expect(await extract({ trace: id }, jobs.context())).toMatchObject({ status: "extracted" });
    const record = (await jobs.store.traces.get(id))!;
    expect(record).toMatchObject({ status: "extracted", version: 26, clock: "snapshot" });
    const index = await loadIndex((await jobs.store.traces.path!(id))!, (why) => expect.unreachable(why));
    expect(index!.of.events).toBe(record.events);
    // The recording's own summary by the reference reader.
    expect(record.end! - record.start!).toBeGreaterThan(1000);
    expect(record.clockErrorMillis).toBeLessThan(100);

    // The same again, moved so that it begins on a whole second: ten windows of the reference are then one cell.
    const begin = Math.ceil(record.start! / 1000) * 1000;
    const moved = await put("moved", again(1), { clockShiftMillis: begin - record.start! });
    await extract({ trace: moved }, jobs.context());
    expect((await jobs.store.traces.get(moved))!.start).toBe(begin);
    const golden = readSeriesCsv(join(fixtures, "features", `${name}.w100ms.csv.gz`));
    const seconds = Math.floor((record.end! - record.start!) / 1000);
    expect(seconds).toBeGreaterThan(3);
    const sums = new Map<string, number>();
    for (const [key, value] of golden) {
      // An empty label is no label in Prometheus' data model, and in the store.
      const [start, series] = [Number(key.split(" ", 1)[0]), key.slice(key.indexOf(" ") + 1).replace('{reason=""}', "")];
      const second = Math.floor(start / 1e9);
      if (
        /_(seconds|count|created|ended|blocks|unblocks|syscalls|events)(\{|$)/.test(series) &&
        !/quantile|max/.test(series) &&
        second < seconds
      ) {
        sums.set(`${series} ${second}`, (sums.get(`${series} ${second}`) ?? 0) + value);
      }
    }
    const stored = await jobs.store.series.select([{ name: "target", op: "=", value: "moved" }], allTime);
    const found = new Map<string, number>();
    for (const { labels, samples } of stored) {
      const series = formatSeriesName(Object.fromEntries(Object.entries(labels).filter(([label]) => label !== "target")));
      for (const { t, v } of samples) found.set(`${series} ${(t - begin) / 1000 - 1}`, v);
    }
    expect(sums.size).toBeGreaterThan(50);
    const wrong = [...sums].filter(([key, sum]) => !(Math.abs((found.get(key) ?? 0) - sum) <= 1e-9 + 1e-6 * Math.abs(sum)));
    expect(wrong).toEqual([]);
  });

  test("twice changes nothing; scoring is asked for", async () => {
    const id = await put("twice", again(2));
    jobs.asked.length = 0;
    await extract({ trace: id }, jobs.context());
    expect(jobs.asked).toEqual([{ name: "score", input: { target: "twice", renew: true } }]);
    const before = await contents(jobs);
    await extract({ trace: id }, jobs.context());
    expect(await contents(jobs)).toEqual(before);
  });

  test("through the queue: ingest leads to extract, and the record says so", async () => {
    const id = await put("queued", again(3));
    await jobs.queue.enqueue("ingest", { target: "queued", trace: id }, { id: "upload" });
    const ended = await jobs.drain();
    expect(ended.map(({ name: job, state, error }) => [job, error ?? state]).sort()).toContainEqual(["extract", "completed"]);
    expect((await jobs.store.traces.get(id))!.status).toBe("extracted");
    expect((await jobs.store.targets.list()).map((target) => target.name)).toContain("queued");
  });

  test("cut short: what came before the break is there, and the job ends well", async () => {
    const id = await put("cut", watch.subarray(0, Math.floor(watch.length * 0.7)));
    const result = await extract({ trace: id }, jobs.context());
    expect(result).toMatchObject({ status: "partial", error: expect.any(String) });
    expect(await jobs.store.traces.get(id)).toMatchObject({ status: "partial", error: expect.any(String) });
    expect((await jobs.store.series.select([{ name: "target", op: "=", value: "cut" }], allTime)).length).toBeGreaterThan(10);
  });

  test("a signal ends the reading; the record stays as it was", async () => {
    const id = await put("aborted", again(4));
    const controller = new AbortController();
    const work = extract({ trace: id }, jobs.context({ signal: controller.signal, progress: () => controller.abort() }));
    expect(await codeOf(work)).toBe("canceled");
    expect((await jobs.store.traces.get(id))!.status).toBe("stored");
  });
});

describe("what is not there or not a readable trace", () => {
  test("an unknown id; a trace of another target", async () => {
    expect(await codeOf(extract({ trace: "0".repeat(64) }, jobs.context()))).toBe("not_found");
    expect(await codeOf(ingest({ target: "web", trace: "0".repeat(64) }, jobs.context()))).toBe("not_found");
    const id = await put("owner", again(5));
    expect(await codeOf(ingest({ target: "other", trace: id }, jobs.context()))).toBe("conflict");
  });

  test("text instead of a trace: the record says failed and why, the job fails at once", async () => {
    const id = await put("text", Buffer.from("this is not a trace, it is a text"));
    await jobs.queue.enqueue("extract", { trace: id }, { id: "text" });
    await jobs.drain();
    const job = await jobs.queue.get("text");
    expect(job).toMatchObject({ state: "failed", attempts: 1 });
    expect(await jobs.store.traces.get(id)).toMatchObject({ status: "failed", error: job!.error });
  });
});

const traceIn = (...folder: string[]) => readFileSync(join(...folder));
const clockless = [
  ["1.19", () => traceIn(fixtures, "traces", "go119-scenario-tasks.trace")],
  ...(sharedDir === undefined
    ? []
    : [["1.22", () => traceIn(sharedDir!, "traces", "real", "esbuild-0.23.1-go1.22.5-small.trace")] as const]),
] as const;

describe.each(clockless)("traces of Go %s, which do not know their wall clock", (version, old) => {
  test("recorded_at is their beginning", async () => {
    const recordedAt = Date.parse("2026-11-01T08:00:00.250Z");
    const id = await put(`told-${version}`, old(), { recordedAt });
    await extract({ trace: id }, jobs.context());
    expect(await jobs.store.traces.get(id)).toMatchObject({ clock: "recorded_at", start: recordedAt, clockErrorMillis: 1000 });
  });

  test("else the upload is their end, and no error bound is claimed", async () => {
    const id = await put(`untold-${version}`, gzipSync(old()));
    await extract({ trace: id }, jobs.context());
    const record = (await jobs.store.traces.get(id))!;
    expect(record).toMatchObject({ clock: "upload", status: "extracted" });
    expect(record.end).toBeCloseTo(jobs.now, 3);
    expect(record.clockErrorMillis).toBeUndefined();
    expect(record.start).toBeLessThan(jobs.now);
  });
});
