/**
 * Compiles AssemblyScript to build/kernels: src/models/kernels/assembly to lstm-simd.wasm, and to lstm-relaxed.wasm with relaxed SIMD
 * (one instruction for multiply and add), which engines have or refuse as a whole: the loader asks; src/trace/assembly to trace.wasm,
 * and its folder old to trace-old.wasm.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const out = join(root, "build", "kernels");
/** Level 1: from level 2 on Binaryen merges multiply-adds of one accumulator into chains that spill registers in V8 (15 % slower). */
const kernel = ["--importMemory", "--initialMemory", "1", "-O1", "--enable", "simd"];
const variants = {
  "lstm-simd": { source: "src/models/kernels/assembly/index.ts", options: kernel },
  "lstm-relaxed": { source: "src/models/kernels/assembly/index.ts", options: [...kernel, "--enable", "relaxed-simd"] },
  // 22 MiB of tables at fixed places (assembly/memory.ts) and room for a usual generation: memory that grows makes every typed array of
  // the process slower. What is never written costs nothing.
  trace: { source: "src/trace/assembly/index.ts", options: ["--initialMemory", "896", "-O3"] },
  // Its memory is handed in (src/trace/old/core.ts). Level 3 takes V8 longer to compile than it saves.
  "trace-old": { source: "src/trace/assembly/old/index.ts", options: ["--importMemory", "--initialMemory", "64", "-O2"] },
};

mkdirSync(out, { recursive: true });
// Put in place when all are made: a build that breaks off leaves the old ones, and whoever reads meanwhile finds whole files.
const parts = mkdtempSync(join(root, "build", "kernels-"));
try {
  for (const [name, { source, options }] of Object.entries(variants)) {
    const asc = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
    const args = [asc, source, "--outFile", join(parts, `${name}.wasm`), "--runtime", "stub", "--noAssert", ...options];
    execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  }
  for (const name of Object.keys(variants)) renameSync(join(parts, `${name}.wasm`), join(out, `${name}.wasm`));
} finally {
  rmSync(parts, { recursive: true, force: true });
}
