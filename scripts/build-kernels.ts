/**
 * Compiles src/models/kernels/assembly to build/kernels/lstm-simd.wasm, and to lstm-relaxed.wasm with relaxed SIMD
 * (one instruction for multiply and add), which engines have or refuse as a whole: the loader asks.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const out = join(root, "build", "kernels");
const variants = { "lstm-simd": ["simd"], "lstm-relaxed": ["simd", "relaxed-simd"] };

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [name, features] of Object.entries(variants)) {
  const options = ["--runtime", "stub", "--importMemory", "--initialMemory", "1", "--noAssert", "-O3", "--converge"];
  for (const feature of features) options.push("--enable", feature);
  execFileSync(
    process.execPath,
    [
      join(root, "node_modules", "assemblyscript", "bin", "asc.js"),
      join("src", "models", "kernels", "assembly", "index.ts"),
      "--outFile",
      join(out, `${name}.wasm`),
      ...options,
    ],
    { cwd: root, stdio: "inherit" },
  );
}
