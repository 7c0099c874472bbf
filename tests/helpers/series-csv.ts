/** The CSV of core series (`window_start_ns,name,value`) and its comparison: absent = 0, |a − b| ≤ 1e-9 + 1e-6·|b|. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** Key: window start, a space, series name. */
export type SeriesTable = ReadonlyMap<string, number>;

/** A file, gunzipped by its name. */
export function readSeriesCsv(path: string): SeriesTable {
  const bytes = readFileSync(path);
  return parseSeriesCsv((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"));
}

/** Throws on a line that is not three fields with a whole number first and a finite number last. */
export function parseSeriesCsv(text: string): SeriesTable {
  const [head, ...lines] = text.split("\n");
  if (head !== "window_start_ns,name,value") throw new Error(`the first line is "${head}"`);
  if (lines.pop() !== "") throw new Error("the last line does not end in a line feed");
  const table = new Map<string, number>();
  for (const [index, line] of lines.entries()) {
    const fields = /^(\d+),(?:"((?:[^"]|"")*)"|([^",]*)),([-+0-9.eE]+)$/.exec(line);
    if (fields === null) throw new Error(`line ${index + 2} is not a row: ${line}`);
    const key = `${fields[1]} ${fields[3] ?? fields[2]!.replaceAll('""', '"')}`;
    if (table.has(key)) throw new Error(`line ${index + 2} repeats ${key}`);
    table.set(key, Number(fields[4]));
  }
  return table;
}

/** Every key whose values differ beyond the tolerance, as text; empty when the tables are equal. */
export function seriesDifferences(candidate: SeriesTable, reference: SeriesTable): string[] {
  const differences: string[] = [];
  for (const key of new Set([...reference.keys(), ...candidate.keys()])) {
    const expected = reference.get(key) ?? 0;
    const found = candidate.get(key) ?? 0;
    if (!(Math.abs(found - expected) <= 1e-9 + 1e-6 * Math.abs(expected))) differences.push(`${key}: ${found}, expected ${expected}`);
  }
  return differences;
}
