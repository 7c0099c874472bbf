/** The table of docs/salvage.md is what a salvage gives today, and a salvage never gives less than the ordinary reading. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repoRoot } from "../helpers/cli.ts";
import { sharedDir } from "../helpers/shared.ts";
import { salvageCells, salvageRows } from "./salvage-table.ts";

test.skipIf(sharedDir === undefined)("docs/salvage.md", { timeout: 600_000 }, async () => {
  const page = readFileSync(join(repoRoot, "docs", "salvage.md"), "utf8");
  for await (const row of salvageRows(join(sharedDir!, "traces", "real"))) {
    expect(row.salvaged).toBeGreaterThanOrEqual(row.ordinary);
    expect(page).toContain(`| ${salvageCells(row).join(" | ")} |`);
  }
});
