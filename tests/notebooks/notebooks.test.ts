/** What can be seen without running them: the notebooks in the repository are whole, executed, small and name no machine. */
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { notebookFaults, notebookPaths, readNotebook } from "../../scripts/notebooks.ts";
import { bars, lines, stacked, table } from "../../notebooks/lib/figures.ts";

describe.each(notebookPaths().map((path) => [basename(path), path]))("%s", (_, path) => {
  test("is committed executed, without a fault", () => {
    expect(notebookFaults(readNotebook(path))).toEqual([]);
  });

  test("is small", () => {
    expect(statSync(path).size).toBeLessThan(600_000);
  });

  test("begins with words and has more than code", () => {
    const { cells } = readNotebook(path);
    expect(cells[0]!.cell_type).toBe("markdown");
    expect(cells.filter((cell) => cell.cell_type === "markdown").length).toBeGreaterThanOrEqual(5);
  });

  test("names no folder of the machine it ran on", () => {
    expect(readFileSync(path, "utf8")).not.toMatch(/\/(home|root|Users|work|tmp)\//);
  });
});

/** Height of the first point of the uppermost area. */
const top = (figure: string): string =>
  figure
    .match(/<path d="M[\d.]+ ([\d.]+)L[^"]*" fill="#[0-9a-f]+" fill-opacity/g)!
    .at(-1)!
    .split(" ")[2]!
    .split("L")[0]!;

describe("figures", () => {
  const x = [0, 1, 2, 3];
  const axes = { title: "a < b", xLabel: "s", yLabel: "n", x, curves: [{ name: "one", values: [1, Number.NaN, 3, 4] }] };

  test("text is escaped", () => {
    expect(lines(axes)).toContain("a &lt; b");
    expect(table(["x"], [["<b>"]])).toContain('<td style="text-align:left">&lt;b&gt;</td>');
  });

  test("a missing value leaves a gap, not a number", () => {
    const drawn = lines(axes);
    expect(drawn).not.toContain("NaN");
    expect(drawn.match(/<path d="M[^"]*" fill="none"/)![0].match(/M/g)).toHaveLength(2);
  });

  test("a logarithmic axis leaves out what has no logarithm", () => {
    expect(lines({ ...axes, log: true, curves: [{ name: "one", values: [0, 1, 10, 100] }] })).not.toMatch(/NaN|Infinity/);
  });

  test("stacked curves end at the same height as their sum", () => {
    const two = stacked({
      ...axes,
      curves: [
        { name: "a", values: [1, 1, 1, 1] },
        { name: "b", values: [2, 2, 2, 2] },
      ],
    });
    const one = stacked({ ...axes, curves: [{ name: "sum", values: [3, 3, 3, 3] }] });
    expect(top(two)).toBe(top(one));
  });

  test("bars of nothing are drawn without a fault", () => {
    expect(bars({ title: "none", rows: [] })).toMatch(/^<svg .*<\/svg>$/);
    expect(bars({ title: "zero", rows: [{ label: "a", value: 0, text: "0" }] })).not.toContain("NaN");
  });
});
