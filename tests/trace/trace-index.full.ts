/** Slices of all shared recordings of Go ≥ 1.22, at random places: valid for three readers, the same with index and without; texts of the large ones. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { createRandom } from "../../src/lib/random.ts";
import { traceFromTextStream } from "../../src/trace/text/from-text.ts";
import { traceToText } from "../../src/trace/text/to-text.ts";
import { mutate } from "./damage.ts";
import { sharedFiles } from "./golden.ts";
import { checkSlice, checkValid, indexOf, slice } from "./slicing.ts";

const files = sharedFiles("real", /go1\.2[2-9].*\.trace$/).map((path) => [basename(path), path] as const);

test.each(files)("slices of %s", async (_, path) => {
  const bytes = readFileSync(path);
  const index = (await indexOf(bytes))!;
  const random = createRandom(bytes.length);
  let covered = 0;
  for (let i = 0; i < 12; i++) {
    const from = Math.floor(random.uniform() * index.end);
    covered += await checkSlice(bytes, index, from, from + random.uniform() ** 3 * 2e9);
  }
  expect(covered).toBeGreaterThan(0);
});

test.each(files)("slices of damaged copies of %s", async (_, path) => {
  const bytes = readFileSync(path).subarray(0, 3_000_000);
  const { end } = (await indexOf(bytes))!;
  let held = 0;
  for (let seed = 0; seed < 30; seed++) {
    const { bytes: cut } = await slice(mutate(bytes, seed), (end * seed) / 30, (end * seed) / 30 + 1e8);
    held += cut.length === 0 || (await checkValid(cut)) > 0 ? 1 : 0;
  }
  expect(held).toBe(30);
});

test.each(sharedFiles("real", /\.trace$/).map((path) => [basename(path), path] as const))("%s as text, and back", async (_, path) => {
  const bytes = readFileSync(path);
  const encoder = new TextEncoder();
  const text = (async function* () {
    for await (const part of traceToText([bytes])) yield encoder.encode(part);
  })();
  let at = 0;
  let differences = 0;
  for await (const part of traceFromTextStream(text)) {
    if (!bytes.subarray(at, at + part.length).equals(part)) differences++;
    at += part.length;
  }
  expect({ at, differences }).toEqual({ at: bytes.length, differences: 0 });
});
