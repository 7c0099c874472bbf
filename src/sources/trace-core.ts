/** Reads the compiled trace core of build/kernels: the same place from src/sources and from dist/sources. */
import { readFileSync } from "node:fs";

const built = new URL("../../build/kernels/trace.wasm", import.meta.url);
let core: WebAssembly.Module | undefined | null;

/**
 * For `readTrace(…, { core })`, compiled once in a process (a few milliseconds; later ones cost nothing).
 * Undefined where it was not built or the engine refuses it: reading takes longer then and gives the same.
 */
export function traceCore(): WebAssembly.Module | undefined {
  if (core === undefined) {
    try {
      core = new WebAssembly.Module(readFileSync(built));
    } catch {
      core = null;
    }
  }
  return core ?? undefined;
}
