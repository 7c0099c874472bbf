/** Long fuzzing: no damage to a trace may bring the reader down, make it hang, or make it claim what it did not deliver. */
import { describe, expect, test } from "vitest";
import { mutate, readDamaged } from "./damage.ts";
import { traceBytes, v2Traces } from "./golden.ts";
import { core, readingOf } from "./readers.ts";

const oldTraces = ["go119-scenario-tasks.trace", "esbuild-0.12.29-go1.17.1-mid.trace"];
const traces = [...v2Traces, ...oldTraces];

const minutes = 2.5;
const longest = 600_000;
const all = traces.map((name) => traceBytes(name)!.subarray(0, 400_000));

describe("mutated recordings", () => {
  test(`give the same events and the same error with the core and without, for ${minutes} minutes`, { timeout: longest }, async () => {
    const until = Date.now() + minutes * 60_000;
    let readings = 0;
    let broken = 0;
    for (let seed = 500_000; Date.now() < until; seed++) {
      const bytes = mutate(all[seed % all.length]!, seed);
      const plain = await readingOf(bytes, undefined);
      expect(await readingOf(bytes, core), `seed ${seed}, ${traces[seed % all.length]}`).toEqual(plain);
      readings++;
      if (plain.message !== "undefined undefined") broken++;
    }
    console.log(`${readings} damaged traces read both ways, ${broken} of them in error`);
    expect(broken).toBeGreaterThan(readings / 2);
  });

  test(`for ${minutes} minutes`, { timeout: longest }, async () => {
    const until = Date.now() + minutes * 60_000;
    let readings = 0;
    let broken = 0;
    for (let seed = 1000; Date.now() < until; seed++) {
      const outcome = await readDamaged(
        mutate(all[seed % all.length]!, seed),
        Math.floor(seed / all.length) % 2 === 0 ? core : undefined,
      ).catch((error: unknown) => {
        throw new Error(`seed ${seed}, ${traces[seed % all.length]}`, { cause: error });
      });
      readings++;
      if (outcome?.error !== undefined) broken++;
    }
    console.log(`${readings} damaged traces read, ${broken} of them in error`);
    expect(broken).toBeGreaterThan(readings / 2);
  });
});
