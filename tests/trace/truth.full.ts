/** Every reference trace is read as the reference reader reads it, and docs/truth.md says what is so. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { sharedDir } from "../helpers/shared.ts";
import { shared, sharedFiles } from "./golden.ts";
import { recording, truthPage, truthRows, type TruthRow } from "./truth.ts";

if (sharedDir === undefined) console.warn("the shared traces are not there: the table of docs/truth.md is not checked");

describe.skipIf(sharedDir === undefined)("npm run truth", () => {
  test("all files are equal, none is left out, and the page says it", { timeout: 900_000 }, async () => {
    const rows: TruthRow[] = [];
    for await (const row of truthRows()) rows.push(row);
    expect(rows.flatMap(({ file, differences }) => differences.map((difference) => `${file}: ${difference}`))).toEqual([]);
    expect(rows.filter(({ rests }) => rests.length === 0)).toEqual([]);
    const series = rows.filter(({ rests }) => rests.includes("series")).map(({ file }) => file.replace(/.*\/|\.trace$/g, ""));
    const wanted = sharedFiles("features", /\.csv\.gz$/).map((path) => path.replace(/.*\/|\.w\d+ms\.csv\.gz$/g, ""));
    expect(series.toSorted()).toEqual([...new Set(wanted)].toSorted());
    const page = readFileSync(resolve(import.meta.dirname, "../../docs/truth.md"), "utf8");
    const day = /^(\d{4}-\d{2}-\d{2}): /m.exec(page)![1]!;
    expect(page).toBe(truthPage(rows, day));
    expect(readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8")).toContain(
      `${rows.length} of ${rows.length} reference traces`,
    );
  });

  test("a changed file is not equal", async () => {
    const path = shared("real/esbuild-0.28.2-go1.26.5-small.trace");
    const bytes = readFileSync(path);
    const same = await recording(path, bytes);
    expect(same.differences).toEqual([]);
    for (const at of [Math.floor(bytes.length / 3), Math.floor(bytes.length / 2), bytes.length - 2000]) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect((await recording(path, changed)).differences, `byte ${at}`).not.toEqual([]);
    }
    expect((await recording(path, bytes.subarray(0, bytes.length - 1000))).differences.join()).toMatch(/list.*error.*series/s);
  });
});
