/** A server of ASD (19 metrics, every five minutes, with labelled anomalies) as a history that ends now. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { epochMillis } from "../../src/lib/units.ts";
import { openMetricsText } from "../helpers/openmetrics-text.ts";
import { sharedDir } from "../helpers/shared.ts";

export const historyStep = 300_000;
const asd = sharedDir === undefined ? undefined : join(sharedDir, "datasets", "asd");
export const hasHistory = asd !== undefined;

export type History = {
  /** OpenMetrics file. */
  readonly file: string;
  readonly rows: number;
  readonly series: number;
  /** Labelled stretches, milliseconds since 1970. */
  readonly labelled: readonly { readonly from: number; readonly to: number }[];
};

/** The last `calm` rows of the training part and the first `tested` of the test part; the last row lies at `end`. */
export function writeHistory(folder: string, end: number, { server = "omi-1", calm = 900, tested = 1500 } = {}): History {
  const rows = (name: string): string[] =>
    gunzipSync(readFileSync(join(asd!, `${server}_${name}.csv.gz`)))
      .toString()
      .trim()
      .split("\n");
  const all = [...rows("train").slice(-calm), ...rows("test").slice(0, tested)].map((row) => row.split(",").map(Number));
  const labels = rows("test_label").slice(0, tested).map(Number);
  const time = (row: number) => epochMillis(end - (all.length - 1 - row) * historyStep);
  const series = all[0]!.map((_, column) => ({
    labels: { __name__: "server_metric", index: String(column) },
    samples: all.map((row, i) => ({ t: time(i), v: row[column]! })),
  }));
  const file = join(folder, "history.om");
  writeFileSync(file, openMetricsText(series));
  const labelled: { from: number; to: number }[] = [];
  labels.forEach((label, i) => {
    if (label === 1 && labels[i - 1] !== 1) labelled.push({ from: time(calm + i), to: time(calm + i) });
    if (label === 1) labelled.at(-1)!.to = time(calm + i);
  });
  return { file, rows: all.length, series: series.length, labelled };
}
