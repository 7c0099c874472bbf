/** Reads the compiled trace cores of build/kernels: the same place from src/sources and from dist/sources. */
import { readFileSync } from "node:fs";
import type { TraceCores } from "../trace/model.ts";

/**
 * For `readTrace(…, { core: traceCores })`; each is compiled once in a process (a few milliseconds), when a trace first asks for it.
 * Undefined where it was not built or the engine refuses it: reading takes longer then and gives the same.
 */
export const traceCores: TraceCores = { generations: compiled("trace"), old: compiled("trace-old") };

function compiled(name: string): () => WebAssembly.Module | undefined {
  let core: WebAssembly.Module | undefined | null;
  return () => {
    if (core === undefined) {
      try {
        core = new WebAssembly.Module(readFileSync(new URL(`../../build/kernels/${name}.wasm`, import.meta.url)));
      } catch {
        core = null;
      }
    }
    return core ?? undefined;
  };
}
