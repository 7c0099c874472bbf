/** Public data sets of the shared folder, as series and frames. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Frame, Series } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { sharedDir } from "../helpers/shared.ts";

export const hasData = sharedDir !== undefined;
const read = (path: string): string => {
  const bytes = readFileSync(join(sharedDir!, "datasets", path));
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8").trimEnd();
};

/** M4 Hourly: training series and their 48 test values, in the order of the files. */
export function m4Hourly(): { train: Series; test: Float64Array }[] {
  const rows = (name: string): { id: string; values: Float64Array }[] =>
    read(`m4-hourly/${name}`)
      .split("\n")
      .slice(1)
      .map((line) => {
        const [id, ...cells] = line.replaceAll('"', "").split(",");
        return { id: id!, values: Float64Array.from(cells.filter((cell) => cell !== "").map(Number)) };
      });
  const tests = new Map(rows("test.csv").map(({ id, values }) => [id, values]));
  return rows("train.csv").map(({ id, values }) => ({
    train: { labels: { __name__: "m4_hourly", id }, start: epochMillis(0), step: 3_600_000, values },
    test: tests.get(id)!,
  }));
}

/** One server of the ASD set: 19 metrics every five minutes. */
export function asdServer(server: number): { train: Frame; test: Frame; labels: Uint8Array } {
  const frame = (part: string): Frame => {
    const rows = read(`asd/omi-${server}_${part}.csv.gz`)
      .split("\n")
      .map((line) => line.split(",").map(Number));
    return {
      start: epochMillis(0),
      step: 300_000,
      length: rows.length,
      columns: rows[0]!.map((_, c) => ({
        labels: { __name__: "asd", server: String(server), metric: String(c) },
        values: Float64Array.from(rows, (row) => row[c]!),
      })),
    };
  };
  const labels = Uint8Array.from(read(`asd/omi-${server}_test_label.csv.gz`).split("\n"), (line) => Number(line.split(",").at(-1)));
  return { train: frame("train"), test: frame("test"), labels };
}

/** The last `rows` rows of a frame's columns, as series. */
export function lastRows(frame: Frame, rows: number): Series[] {
  const from = frame.length - rows;
  return frame.columns.map(({ labels, values }) => ({
    labels,
    start: epochMillis(frame.start + from * frame.step),
    step: frame.step,
    values: values.slice(from),
  }));
}

/** A tabular set of ADBench: row-major features and labels. */
export function adbench(name: string): { rows: Float64Array; dims: number; labels: Uint8Array } {
  const lines = read(`adbench/${name}.csv.gz`).split("\n").slice(1);
  const cells = lines.map((line) => line.split(",").map(Number));
  const dims = cells[0]!.length - 1;
  return { dims, rows: Float64Array.from(cells.flatMap((row) => row.slice(0, dims))), labels: Uint8Array.from(cells, (row) => row[dims]!) };
}

/** Area under the ROC curve: P(score of a 1 > score of a 0), ties half (Mann–Whitney). */
export function auroc(scores: Float64Array, labels: Uint8Array): number {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let ranks = 0;
  let positives = 0;
  for (let i = 0; i < order.length;) {
    let end = i;
    while (end < order.length && scores[order[end]!] === scores[order[i]!]) end++;
    for (let j = i; j < end; j++) {
      if (labels[order[j]!] !== 1) continue;
      ranks += (i + end + 1) / 2;
      positives++;
    }
    i = end;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (labels.length - positives));
}
