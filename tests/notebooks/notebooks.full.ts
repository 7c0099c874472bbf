/** Every notebook runs from top to bottom in a fresh kernel, and says what the reference reader says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executeNotebook, installNotebookTools, type Notebook, notebookFaults, notebookPaths } from "../../scripts/notebooks.ts";
import { repoRoot } from "../helpers/cli.ts";
import { readSeriesCsv } from "../helpers/series-csv.ts";

let out: string;
const executed = new Map<string, Notebook>();

beforeAll(() => {
  installNotebookTools();
  out = mkdtempSync(join(tmpdir(), "foretrace-notebooks-"));
}, 900_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

test.each(notebookPaths().map((path) => [basename(path), path]))("%s: every cell runs cleanly", (name, path) => {
  const notebook = executeNotebook(path, out);
  executed.set(name, notebook);
  expect(notebookFaults(notebook)).toEqual([]);
});

/** The last line of standard output is the notebook's figures as JSON. */
const figures = (): Record<string, number> => {
  const notebook = executed.get("01-trace-anatomy.ipynb")!;
  const texts = notebook.cells.flatMap((cell) =>
    (cell.outputs ?? []).filter((output) => output.name === "stdout").map((output) => output.text),
  );
  return JSON.parse([texts.at(-1)].flat().join("")) as Record<string, number>;
};

const named =
  (name: string) =>
  (series: string): boolean =>
    series === name;

describe("01-trace-anatomy.ipynb", () => {
  const golden = readSeriesCsv(join(repoRoot, "tests/fixtures/features/esbuild-0.28.2-go1.26.5-watch.w100ms.csv.gz"));
  /** Values of all windows of the series whose name (with labels) passes. */
  const values = (wanted: (series: string) => boolean): number[] =>
    Array.from(golden).flatMap(([key, value]) => (wanted(key.slice(key.indexOf(" ") + 1)) ? [value] : []));
  const sum = (wanted: (series: string) => boolean): number => values(wanted).reduce((total, value) => total + value, 0);

  test.each([
    ["events", sum(named("go_trace_events"))],
    ["goroutines_created", sum(named("go_trace_goroutines_created"))],
    ["goroutines_ended", sum(named("go_trace_goroutines_ended"))],
    ["blocks", sum((series) => series.startsWith("go_trace_blocks{"))],
    ["syscalls", sum(named("go_trace_syscalls"))],
    ["syscalls_blocked", sum(named("go_trace_syscalls_blocked"))],
    ["runnable_max", Math.max(...values(named('go_trace_goroutines_max{state="runnable"}')))],
    ["latency_count", sum(named("go_trace_sched_latency_seconds_count"))],
    ["gc_cycles", sum(named("go_trace_gc_cycles"))],
  ])("%s equals the reference", (name, expected) => {
    expect(figures()[name]).toBe(expected);
  });

  test.each([
    ["latency_sum_ns", sum(named("go_trace_sched_latency_seconds_sum"))],
    ["latency_max_ns", Math.max(...values(named('go_trace_sched_latency_seconds{quantile="1"}')))],
    ["gc_pause_ns", sum(named("go_trace_gc_pause_seconds"))],
  ])("%s equals the reference in seconds", (name, expected) => {
    expect(Math.abs(figures()[name]! / 1e9 - expected)).toBeLessThanOrEqual(1e-9 + 1e-6 * expected);
  });

  test("gc_assist_seconds equals the reference", () => {
    const expected = sum(named("go_trace_gc_assist_seconds"));
    expect(Math.abs(figures()["gc_assist_seconds"]! - expected)).toBeLessThanOrEqual(1e-9 + 1e-6 * expected);
  });
});
