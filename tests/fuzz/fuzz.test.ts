/** Inputs that once broke something do so no more, and a few seconds of fuzzing find nothing new. Longer: fuzz.full.ts. */
import { describe, expect, test } from "vitest";
import { checkInput } from "./check.ts";
import { fuzz } from "./fuzz.ts";
import { cutSmall, firstInputs, keptSeeds, recordings } from "./inputs.ts";
import { change } from "./mutate.ts";
import { putTogether, takeApart } from "./shape.ts";
import { readTrace } from "../../src/trace/read.ts";
import { createRandom } from "../../src/lib/random.ts";
import { traceBytes } from "../trace/golden.ts";

describe("kept seeds", () => {
  test.each(keptSeeds())("$name", async ({ kind, bytes }) => {
    for (let seed = 1; seed <= 6; seed++) await expect(checkInput(kind, bytes, seed)).resolves.toBeUndefined();
  });
});

describe("the fuzzer", () => {
  test("takes traces apart and puts them together again, byte for byte but for the padding of sizes", () => {
    for (const name of ["go119-scenario-tasks.trace", "esbuild-0.28.2-go1.26.5-small.trace"]) {
      const bytes = Uint8Array.from(traceBytes(name)!);
      const again = putTogether(takeApart(bytes));
      expect(putTogether(takeApart(again))).toEqual(again);
      expect(takeApart(again)).toEqual(takeApart(bytes));
    }
  });

  test.each(recordings.filter((name) => traceBytes(name) !== undefined))(
    "begins with a part of %s that is read to its end",
    async (name) => {
      const { events, error } = await readTrace([cutSmall(traceBytes(name)!, 300)], { event() {} });
      expect({ error, enough: events > 200 }).toEqual({ error: undefined, enough: true });
    },
  );

  test("changes the same way with the same seed, and most of what it makes has a shape still", () => {
    const small = cutSmall(traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!, 60);
    let shaped = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const made = change("trace", small, small, createRandom(seed));
      expect(made).toEqual(change("trace", small, small, createRandom(seed)));
      if (takeApart(made).pieces.some(({ kind }) => kind === "events")) shaped++;
    }
    expect(shaped).toBeGreaterThan(80);
  });

  test("finds nothing in some seconds, but new ways through the code", { timeout: 120_000 }, async () => {
    const inputs = firstInputs().filter((_, i) => i % 4 === 0);
    const { failures, executions, corpus } = await fuzz({ millis: 6000, seed: 7, inputs });
    expect(failures.map(({ message, bytes }) => `${message} ${Buffer.from(bytes).toString("base64")}`)).toEqual([]);
    expect(executions).toBeGreaterThan(20);
    expect(corpus).toBeGreaterThanOrEqual(inputs.length);
  });
});
