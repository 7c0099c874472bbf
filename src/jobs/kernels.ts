/** Reads the compiled kernels of build/kernels: the same place from src/jobs and from dist/jobs. */
import { readFile } from "node:fs/promises";
import { ForetraceError } from "../lib/errors.ts";

/** `relaxed`: multiply-add in one instruction where engine and machine have it; `simd`: the same bytes on every machine. */
export type KernelVariant = "relaxed" | "simd";

export type LoadedKernels = { readonly module: WebAssembly.Module; readonly variant: KernelVariant };

const built = new URL("../../build/kernels/", import.meta.url);

/**
 * Compiles the fastest variant that this engine accepts, or the one asked for; `fusedEngine(module)` of models/kernels makes engines of it.
 * @throws ForetraceError unavailable when it is not built, or this engine has no WebAssembly SIMD.
 */
export async function loadKernels(variant?: KernelVariant, folder: URL = built): Promise<LoadedKernels> {
  for (const candidate of variant === undefined ? (["relaxed", "simd"] as const) : [variant]) {
    const bytes = await read(new URL(`lstm-${candidate}.wasm`, folder));
    if (WebAssembly.validate(bytes)) return { module: await WebAssembly.compile(bytes), variant: candidate };
  }
  throw new ForetraceError("unavailable", "this engine does not run the WebAssembly kernels (SIMD is missing); choose a tfjs backend");
}

async function read(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    const name = file.pathname.split("/").slice(-3).join("/");
    throw new ForetraceError("unavailable", `${name} cannot be read; make it with: npm run build`, { input: name, cause });
  }
}
