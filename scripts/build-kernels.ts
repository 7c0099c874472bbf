/**
 * Compiles src/models/kernels/assembly to build/kernels/lstm-simd.wasm, and to lstm-relaxed.wasm with relaxed SIMD
 * (one instruction for multiply and add), which engines have or refuse as a whole: the loader asks.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const out = join(root, "build", "kernels");
/** Level 1: from level 2 on Binaryen merges multiply-adds of one accumulator into chains that spill registers in V8 (15 % slower). */
const optimise = "-O1";
const variants = { "lstm-simd": ["simd"], "lstm-relaxed": ["simd", "relaxed-simd"] };

mkdirSync(out, { recursive: true });
// Put in place when all are made: a build that breaks off leaves the old ones, and whoever reads meanwhile finds whole files.
const parts = mkdtempSync(join(root, "build", "kernels-"));
try {
  for (const [name, features] of Object.entries(variants)) {
    const options = ["--runtime", "stub", "--importMemory", "--initialMemory", "1", "--noAssert", optimise];
    for (const feature of features) options.push("--enable", feature);
    const asc = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
    const source = join("src", "models", "kernels", "assembly", "index.ts");
    execFileSync(process.execPath, [asc, source, "--outFile", join(parts, `${name}.wasm`), ...options], { cwd: root, stdio: "inherit" });
  }
  for (const name of Object.keys(variants)) renameSync(join(parts, `${name}.wasm`), join(out, `${name}.wasm`));
} finally {
  rmSync(parts, { recursive: true, force: true });
}
