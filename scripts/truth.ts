/**
 * Reads every file of ../shared/traces and prints a table: file, format, events, error, equal to the reference or not, what that rests on.
 *
 *   npm run truth [-- --write]     --write makes docs/truth.md too
 *
 * Exit status 1 when a file differs, 2 when the shared traces or the WebAssembly core are not there.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { traceCores } from "../src/sources/trace-core.ts";
import { sharedDir } from "../tests/helpers/shared.ts";
import { truthCells, truthHead, truthPage, truthRows, type TruthRow } from "../tests/trace/truth.ts";

if (sharedDir === undefined || traceCores.generations() === undefined) {
  console.error(
    sharedDir === undefined
      ? "truth: the shared traces are not there; FORETRACE_SHARED names their folder"
      : "truth: build/kernels/trace.wasm is not there; make it with: node scripts/build.ts --quick",
  );
  process.exit(2);
}
const widths = [72, 6, 9, 18, 5, 0];
const print = (cells: readonly string[]): void =>
  console.log(
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd(),
  );
const rows: TruthRow[] = [];
print(truthHead);
for await (const row of truthRows()) {
  rows.push(row);
  print(truthCells(row));
  for (const difference of row.differences) console.log(`    ${difference}`);
}
const different = rows.filter(({ differences }) => differences.length > 0);
console.log(`${rows.length - different.length} of ${rows.length} files equal`);
if (process.argv.includes("--write"))
  writeFileSync(resolve(import.meta.dirname, "../docs/truth.md"), truthPage(rows, new Date().toISOString().slice(0, 10)));
if (different.length > 0) process.exitCode = 1;
