/** `foretrace index`, and what slice and analyze make of the index: the same as without it, or a word why it is not used. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../helpers/cli.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";

const bytes = gunzipSync(readFileSync(join(import.meta.dirname, "../fixtures/traces/esbuild-0.28.2-go1.26.5-watch.trace.gz")));
const folder = mkdtempSync(join(tmpdir(), "foretrace-index-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const trace = join(folder, "watch.trace");
const index = `${trace}.fti`;
const out = join(folder, "out.trace");

beforeEach(() => {
  writeFileSync(trace, bytes);
  rmSync(index, { force: true });
});

async function sliced(file: string, from = "1.5s", to = "1.6s"): Promise<{ bytes: Buffer; stderr: string }> {
  const { code, stderr } = await runCli(["slice", file, "--from", from, "--to", to, "--out", out]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return { bytes: readFileSync(out), stderr };
}
const analyzed = (file: string, format = "csv") => runCli(["analyze", file, "--format", format, "--from", "0.7s", "--to", "1.2s"]);

describe("the index", () => {
  test("is written beside the trace, and slices and series are the same with it", async () => {
    const slice = await sliced(trace);
    const series = await analyzed(trace);
    const made = await runCli(["index", trace]);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toMatch(/watch\.trace\.fti: \d+ generations in [\d.]+ s, [\d,]+ events; [\d.]+ (B|KiB)\n/);
    expect(existsSync(index)).toBe(true);
    expect(await sliced(trace)).toEqual(slice);
    expect(await analyzed(trace)).toEqual(series);
    expect((await analyzed(trace, "prom")).stdout).toContain("go_trace_events ");
  });

  test("works for compressed traces, whose fingerprint is that of the file as it lies there", async () => {
    const slice = await sliced(trace);
    for (const [name, packed] of [
      ["a.gz", gzipSync(bytes)],
      ["a.zst", zstdCompressSync(bytes)],
    ] as const) {
      const file = join(folder, name);
      writeFileSync(file, packed);
      expect(await sliced(file)).toEqual(slice);
      expect((await runCli(["index", file])).code).toBe(0);
      expect(await sliced(file)).toEqual(slice);
    }
  });

  test("of a trace that breaks off tells so, and analyze ends with the same status and error as without it", async () => {
    const cut = bytes.subarray(0, bytes.length - 1000);
    writeFileSync(trace, cut);
    const without = await analyzed(trace);
    const slice = await runCli(["slice", trace, "--from", "2s", "--to", "60s", "--out", out]);
    expect(without).toMatchObject({ code: 3, stderr: expect.stringMatching(/at byte \d+/) as string });
    expect(slice).toMatchObject({ code: 0, stderr: expect.stringMatching(/breaks off behind generation \d+/) as string });
    const whole = readFileSync(out);
    expect(await runCli(["index", trace])).toMatchObject({ code: 3, stderr: expect.stringMatching(/at byte \d+/) as string });
    expect(await analyzed(trace)).toEqual(without);
    const { code, stderr } = await runCli(["slice", trace, "--from", "2s", "--to", "60s", "--out", out]);
    // The index was written by a reading of all batches, which can say which one it was.
    expect({ code, stderr: stderr.replace(/, batch \d+ of [^)]*/, "") }).toEqual({ code: 0, stderr: slice.stderr });
    expect(readFileSync(out).equals(whole)).toBe(true);
  });

  test("that is damaged, foreign or stale is told and not used", async () => {
    const slice = await sliced(trace);
    await runCli(["index", trace]);
    const good = readFileSync(index, "utf8");
    for (const [text, why] of [
      [good.replace(/\[\d+,\d+/, "[7,7"), "it is damaged"],
      [good.replace(" 1 ", " 2 "), "it is of version 2 of the index format"],
      ["hello\n", "it is no trace index"],
    ] as const) {
      writeFileSync(index, text);
      const got = await sliced(trace);
      expect(got.bytes.equals(slice.bytes)).toBe(true);
      expect(got.stderr).toMatch(`the index ${index} is not used: ${why}`);
    }
    writeFileSync(index, good);
    writeFileSync(trace, Buffer.concat([bytes, Buffer.from("x")]));
    expect((await sliced(trace)).stderr).toMatch(`it was made from a file of ${bytes.length} bytes, and this one has ${bytes.length + 1}`);
    // In the middle of a block that the fingerprint does not look at, in a generation behind the range.
    const changed = Buffer.from(bytes);
    changed[bytes.length - 5000]! ^= 1;
    writeFileSync(trace, changed);
    const stale = await analyzed(trace);
    expect(stale.stderr).toMatch("it was made from another file");
    rmSync(index);
    const { code, stdout } = await analyzed(trace);
    expect(stale).toMatchObject({ code, stdout });
  });

  test("is refused where there is nothing to index", async () => {
    expect(await runCli(["index", oldTrace])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/one piece without generations/) as string,
    });
    expect(await runCli(["index", "-"])).toMatchObject({ code: 2, stderr: expect.stringMatching(/standard input/) as string });
    expect(await runCli(["index", join(folder, "none")])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no such file/) as string,
    });
    expect(await runCli(["index", fixtureTrace, "--out", join(folder, "no/where")])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot write the index/) as string,
    });
  });
});
