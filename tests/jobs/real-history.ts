/** A server of ASD (19 metrics, every five minutes, with labelled anomalies) as a history that ends now. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { epochMillis } from "../../src/lib/units.ts";
import type { SampleBatch } from "../../src/store/ports.ts";
import { openMetricsText } from "../helpers/openmetrics-text.ts";
import { sharedDir } from "../helpers/shared.ts";

export const historyStep = 300_000;
const asd = sharedDir === undefined ? undefined : join(sharedDir, "datasets", "asd");
export const hasHistory = asd !== undefined;

export type History = {
  /** OpenMetrics file of the calm rows. */
  readonly file: string;
  readonly rows: number;
  /** Time of the last calm row. */
  readonly calmEnd: number;
  /** The tested rows, which a pull would bring, without a target. */
  readonly later: readonly SampleBatch[];
  readonly series: number;
  /** Labelled stretches, milliseconds since 1970. */
  readonly labelled: readonly { readonly from: number; readonly to: number }[];
};

/** The last `calm` rows of the training part as a file, the first `tested` of the test part as samples; the last row lies at `end`. */
export function writeHistory(folder: string, end: number, { server = "omi-1", calm = 900, tested = 1500 } = {}): History {
  const rows = (name: string): string[] =>
    gunzipSync(readFileSync(join(asd!, `${server}_${name}.csv.gz`)))
      .toString()
      .trim()
      .split("\n");
  const all = [...rows("train").slice(-calm), ...rows("test").slice(0, tested)].map((row) => row.split(",").map(Number));
  const labels = rows("test_label").slice(0, tested).map(Number);
  const time = (row: number) => epochMillis(end - (all.length - 1 - row) * historyStep);
  const between = (from: number, to: number): SampleBatch[] =>
    all[0]!.map((_, column) => ({
      labels: { __name__: "server_metric", index: String(column) },
      samples: all.slice(from, to).map((row, i) => ({ t: time(from + i), v: row[column]! })),
    }));
  const file = join(folder, "history.om");
  writeFileSync(file, openMetricsText(between(0, calm)));
  const labelled: { from: number; to: number }[] = [];
  labels.forEach((label, i) => {
    if (label === 1 && labels[i - 1] !== 1) labelled.push({ from: time(calm + i), to: time(calm + i) });
    if (label === 1) labelled.at(-1)!.to = time(calm + i);
  });
  return { file, rows: calm, calmEnd: time(calm - 1), later: between(calm, all.length), series: all[0]!.length, labelled };
}
