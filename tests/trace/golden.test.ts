/** The events, their order, times, stacks and context are those of golang.org/x/exp/trace, on every case there is. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { readTrace } from "../../src/trace/read.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { sharedDir } from "../helpers/shared.ts";
import { baseName, digest, eventLines, goldenLines, goldenLists, shared, sharedFiles, traceBytes, v2Traces } from "./golden.ts";
import { readers } from "./readers.ts";

type Summary = { events: number; error?: string; first: number; last: number; kinds: Record<string, number> };
const summaryOf = (path: string): Summary => JSON.parse(readFileSync(path, "utf8")) as Summary;

if (sharedDir === undefined)
  console.warn("the shared traces are not there: golden cases of Go's own tests, truncations and summaries are skipped");

describe.each(readers)("complete event lists of recordings, $name reader", ({ core }) => {
  test.each(v2Traces)("%s", async (name) => {
    const golden = goldenLists[name]!;
    const { sha256, kinds, outcome } = await digest(traceBytes(name)!, core);
    expect(outcome.events).toBe(golden.events);
    expect(outcome.error?.message ?? "").toContain(golden.error);
    expect(outcome.error === undefined).toBe(golden.error === "");
    expect(sha256).toBe(golden.sha256);
    const summary = sharedDir === undefined ? "" : shared(`real/${name}.summary.json`);
    if (!existsSync(summary)) return;
    const { events, first, last, kinds: expected } = summaryOf(summary);
    expect(outcome.events).toBe(events);
    expect(kinds).toEqual(expected);
    expect(Number(outcome.info!.origin)).toBe(first);
    expect(Number(outcome.info!.origin) + outcome.end).toBe(last);
  });
});

describe.skipIf(sharedDir === undefined).each(readers)("with the shared traces, $name reader", ({ core }) => {
  test.each(sharedFiles("real", /-go1\.2[2-6].*\.tsv\.gz$/).map((path) => [basename(path), path]))("list %s", async (_, path) => {
    const { lines } = await eventLines(readFileSync(path.replace(".tsv.gz", "")), core);
    expect(lines).toEqual(goldenLines(path));
  });

  test.each(sharedFiles("format/v2-binary", /\.bin$/).map((path) => [baseName(path), path]))("binary %s", async (name, path) => {
    const { lines, outcome } = await eventLines(readFileSync(path), core);
    expect(lines).toEqual(goldenLines(shared(`format/golden/${name}.bin.tsv.gz`)));
    const { error } = summaryOf(shared(`format/golden/${name}.bin.summary.json`));
    expect(outcome.error?.message ?? "").toContain(error ?? "");
    expect(outcome.error === undefined).toBe(error === undefined);
  });

  test.each(sharedFiles("format/v2-text", /\.(test|txt)$/).map((path) => [baseName(path), path]))("text %s", async (name, path) => {
    const file = readFileSync(path, "utf8");
    const [, wanted = "SUCCESS", text = file] = /^-- expect --\n(.*)\n-- trace --\n([^]*)$/.exec(file) ?? [];
    const bytes = traceFromText(text);
    expect(Buffer.compare(bytes, readFileSync(shared(`format/v2-binary/${name}.bin`)))).toBe(0);
    const { error } = await readTrace([bytes], { event() {} }, { core });
    const pattern = /^FAILURE "(.*)"$/.exec(wanted)?.[1];
    expect(error?.message ?? "SUCCESS").toMatch(new RegExp(pattern ?? "^SUCCESS$"));
  });

  test.each(["esbuild-0.23.1-go1.22.5-big", "esbuild-0.28.2-go1.26.5-small"])("cut at 41 places: %s", async (name) => {
    const bytes = readFileSync(shared(`real/${name}.trace`));
    const cuts = readFileSync(shared(`format/truncation/${name}.jsonl`), "utf8")
      .trim()
      .split("\n");
    expect(cuts).toHaveLength(41);
    // The first cut leaves nothing, which has an error of its own (read.test.ts).
    for (const cut of cuts.slice(1)) {
      const { len, events, error } = JSON.parse(cut) as { len: number; events: number; error: string };
      let delivered = 0;
      const outcome = await readTrace([bytes.subarray(0, len)], { event: () => void delivered++ }, { core });
      expect({ len, events: delivered, error: outcome.error?.message ?? "" }).toEqual({
        len,
        events,
        error: expect.stringContaining(error) as string,
      });
      expect(outcome.events).toBe(events);
      expect(outcome.error === undefined).toBe(error === "");
    }
  });
});
