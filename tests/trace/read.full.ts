/** Long fuzzing: no damage to a trace may bring the reader down, make it hang, or make it claim what it did not deliver. */
import { describe, expect, test } from "vitest";
import { mutate, readDamaged } from "./damage.ts";
import { traceBytes, v2Traces } from "./golden.ts";

const oldTraces = ["go119-scenario-tasks.trace", "esbuild-0.12.29-go1.17.1-mid.trace"];
const traces = [...v2Traces, ...oldTraces];

const minutes = 2.5;
const longest = 600_000;

describe("mutated recordings", () => {
  test(`for ${minutes} minutes`, { timeout: longest }, async () => {
    const parts = traces.map((name) => traceBytes(name)!.subarray(0, 400_000));
    const until = Date.now() + minutes * 60_000;
    let readings = 0;
    let broken = 0;
    for (let seed = 1000; Date.now() < until; seed++) {
      const outcome = await readDamaged(mutate(parts[seed % parts.length]!, seed)).catch((error: unknown) => {
        throw new Error(`seed ${seed}, ${traces[seed % parts.length]}`, { cause: error });
      });
      readings++;
      if (outcome?.error !== undefined) broken++;
    }
    console.log(`${readings} damaged traces read, ${broken} of them in error`);
    expect(broken).toBeGreaterThan(readings / 2);
  });
});
