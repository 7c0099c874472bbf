/**
 * Fuzzing guided by coverage, for 10 minutes unless FORETRACE_FUZZ_MINUTES says otherwise; FORETRACE_FUZZ_SEED takes other ways.
 * What it finds is written as it is (base64) into the failure; small files of it belong into seeds/, by a name that says what it was.
 */
import { expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";
import { firstInputs } from "./inputs.ts";

const minutes = Number(process.env["FORETRACE_FUZZ_MINUTES"] ?? 10);
const seed = Number(process.env["FORETRACE_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

test(`finds nothing in ${minutes} minutes, seed ${seed}`, { timeout: minutes * 60_000 + 300_000 }, async () => {
  const { failures, ...result } = await fuzz({ millis: minutes * 60_000, seed, inputs: firstInputs() });
  console.log(`fuzzing, seed ${seed}: ${JSON.stringify(result)}`);
  expect(failures.map(({ kind, seed: turn, message, bytes }) => `${kind} ${turn} ${message} ${Buffer.from(bytes).toString("base64")}`)).toEqual([]); // prettier-ignore
});
