/** Reads the compiled kernels of build/kernels: the same place from src/jobs and from dist/jobs. */
import { readFile } from "node:fs/promises";
import { ForetraceError } from "../lib/errors.ts";

/** `relaxed`: multiply-add in one instruction where engine and machine have it; `simd`: the same bytes on every machine. */
export type KernelVariant = "relaxed" | "simd";

export type LoadedKernels = { readonly module: WebAssembly.Module; readonly variant: KernelVariant };

/**
 * Compiles the fastest variant that this engine accepts, or the one asked for.
 * @throws ForetraceError unavailable when it is not built, or this engine has no WebAssembly SIMD.
 */
export async function loadKernels(variant?: KernelVariant): Promise<LoadedKernels> {
  for (const candidate of variant === undefined ? (["relaxed", "simd"] as const) : [variant]) {
    const bytes = await read(`lstm-${candidate}.wasm`);
    if (WebAssembly.validate(bytes)) return { module: await WebAssembly.compile(bytes), variant: candidate };
  }
  throw new ForetraceError("unavailable", "this engine does not run the WebAssembly kernels (SIMD is missing); choose a tfjs backend");
}

async function read(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(new URL(`../../build/kernels/${name}`, import.meta.url)));
  } catch (cause) {
    throw new ForetraceError("unavailable", `build/kernels/${name} cannot be read; make it with: npm run build`, { input: name, cause });
  }
}
