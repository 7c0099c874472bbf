/**
 * Prints how much a salvage gives of damaged recordings of ../shared/traces: events by default, with it, in the whole file.
 *
 *   node scripts/salvage-table.ts [--write]     --write puts the table into docs/salvage.md
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { sharedDir } from "../tests/helpers/shared.ts";
import { salvageCells, salvageHead, salvageRows } from "../tests/trace/salvage-table.ts";

if (sharedDir === undefined) {
  console.error("salvage-table: the shared traces are not there; FORETRACE_SHARED names their folder");
  process.exit(2);
}
const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const lines = [line(salvageHead), line(salvageHead.map(() => "---"))];
for (const one of lines) console.log(one);
for await (const row of salvageRows(join(sharedDir, "traces", "real"))) {
  lines.push(line(salvageCells(row)));
  console.log(lines.at(-1));
}
if (process.argv.includes("--write")) {
  const page = resolve(import.meta.dirname, "..", "docs", "salvage.md");
  const text = readFileSync(page, "utf8");
  const [begin, end] = ["<!-- table: node scripts/salvage-table.ts --write -->\n", "\n<!-- /table -->"] as const;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error("docs/salvage.md has no place for the table");
  writeFileSync(page, text.slice(0, from + begin.length) + lines.join("\n") + text.slice(to));
}
