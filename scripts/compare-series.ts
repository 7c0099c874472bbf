/**
 * Holds `foretrace analyze --format csv` against the reference series of real traces and prints a table: file, window, rows, equal.
 *
 *   node scripts/compare-series.ts [SHARED]     SHARED: folder with traces/real and traces/features, default ../shared
 *
 * Exit status 1 when a file differs or the command fails in another way than expected.
 */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join, resolve } from "node:path";
import { type SeriesTable, parseSeriesCsv, readSeriesCsv, seriesDifferences } from "../tests/helpers/series-csv.ts";

const root = resolve(import.meta.dirname, "..");
const shared = resolve(process.argv[2] ?? join(root, "..", "shared"));
const real = join(shared, "traces", "real");
const features = join(shared, "traces", "features");

function formatVersion(path: string): number {
  const head = Buffer.alloc(16);
  const file = openSync(path, "r");
  readSync(file, head, 0, 16, 0);
  closeSync(file);
  return Number(/^go 1\.(\d+) trace/.exec(head.toString("latin1"))?.[1] ?? 0);
}

function analyze(trace: string, window: string): { table: SeriesTable; status: number | null; stderr: string } {
  const args = ["analyze", "--window", window, "--format", "csv", trace];
  const run = spawnSync(join(root, "bin", "foretrace"), args, { encoding: "utf8", maxBuffer: 2 ** 30 });
  return {
    table: run.stdout === "" ? new Map<string, number>() : parseSeriesCsv(run.stdout),
    status: run.status,
    stderr: run.stderr.trim(),
  };
}

const rows: string[][] = [["file", "format", "window", "rows", "status", "equal"]];
let failed = false;
for (const name of readdirSync(features).toSorted()) {
  const match = /^(.*)\.w(\d+ms)\.csv\.gz$/.exec(name);
  if (match === null) continue;
  const [, base, window] = match as unknown as [string, string, string];
  const trace = join(real, `${base}.trace`);
  const version = formatVersion(trace);
  const { table, status, stderr } = analyze(trace, window);
  const differences = seriesDifferences(table, readSeriesCsv(join(features, name)));
  // The recordings that were killed break off; all others must be read to their end.
  const expected = base.endsWith("-killed") ? 3 : 0;
  const equal = differences.length === 0 && table.size > 0 && status === expected;
  rows.push([base, `1.${version}`, window, String(table.size), String(status), equal ? "yes" : `NO (${differences[0] ?? stderr})`]);
  failed ||= !equal;
}
const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
for (const row of rows)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
if (failed) process.exitCode = 1;
