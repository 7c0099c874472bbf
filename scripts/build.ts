/**
 * Builds what runs: WebAssembly kernels and the page always; JavaScript in dist/ only without --quick
 * (a checkout runs src/ by type stripping, an installed package may not).
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const quick = process.argv.includes("--quick");

function newest(folder: string): number {
  let time = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return time;
}

/** Runs a build script; with --quick only when a source is newer than what it makes. */
function step(script: string, sources: readonly string[], product: string): void {
  const to = join(root, product);
  const path = join(root, "scripts", script);
  if (quick && existsSync(to) && newest(to) > Math.max(...sources.map((source) => newest(join(root, source))), statSync(path).mtimeMs))
    return;
  execFileSync(process.execPath, [path], { cwd: root, stdio: "inherit" });
}

if (!quick) rmSync(join(root, "dist"), { recursive: true, force: true });
step("build-kernels.ts", ["src/models/kernels/assembly", "src/trace/assembly"], "build/kernels");
step("build-page.ts", ["src/web"], "dist/web");
if (!quick) execFileSync(join(root, "node_modules", ".bin", "tsc"), ["-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
