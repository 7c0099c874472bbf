/** tfjs, loaded when training needs it (0.2 s), on the best backend that is there. */
import type * as Tensorflow from "@tensorflow/tfjs";
import { ForetraceError } from "../../lib/errors.ts";

export type Tf = typeof Tensorflow;
/** `auto`: native tfjs-node when it is installed, else wasm, else cpu. */
export type BackendChoice = "auto" | "tensorflow" | "wasm" | "cpu";

/**
 * Loads tfjs and makes `choice` its backend. Same seed and data give the same bytes on the same backend, not across them.
 * In Node tfjs-backend-wasm finds its .wasm files beside itself.
 * @throws ForetraceError unavailable when the chosen backend cannot start here.
 */
export async function loadTensorflow(choice: BackendChoice = "auto"): Promise<{ tf: Tf; backend: string }> {
  const candidates = choice === "auto" ? (["tensorflow", "wasm", "cpu"] as const) : [choice];
  for (const backend of candidates) {
    const tf = await start(backend);
    if (tf !== undefined) return { tf, backend };
  }
  const remedy = choice === "tensorflow" ? "install @tensorflow/tfjs-node, or choose wasm" : "choose cpu";
  throw new ForetraceError("unavailable", `the tfjs backend "${choice}" does not start on this machine; ${remedy}`);
}

async function start(backend: "tensorflow" | "wasm" | "cpu"): Promise<Tf | undefined> {
  try {
    if (backend === "tensorflow") return await loadNative();
    const tf = await import("@tensorflow/tfjs");
    // Without it tfjs advertises tfjs-node on the console.
    tf.enableProdMode();
    if (backend === "wasm") await import("@tensorflow/tfjs-backend-wasm");
    return (await tf.setBackend(backend)) ? tf : undefined;
  } catch {
    return undefined;
  }
}

/** tfjs-node is an optional peer; its name is kept from the type checker and from bundlers. Node 23 removed a function it calls. */
async function loadNative(): Promise<Tf | undefined> {
  const util = globalThis.process?.getBuiltinModule?.("util") as { isNullOrUndefined?: (value: unknown) => boolean } | undefined;
  if (util === undefined) return undefined;
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const name: string = "@tensorflow/tfjs-node";
  const tf = (await import(name)) as Tf;
  return (await tf.setBackend("tensorflow")) ? tf : undefined;
}
