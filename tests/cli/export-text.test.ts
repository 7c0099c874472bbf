/** `foretrace export --format text`, and back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { runCli } from "../helpers/cli.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-export-text-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [text, binary] = [join(folder, "trace.txt"), join(folder, "back.trace")];

test.each([
  ["Go 1.26", fixtureTrace],
  ["Go 1.19", oldTrace],
])("a trace of %s as text, and back to the same bytes", async (_, trace) => {
  expect(await runCli(["export", trace, "--format", "text", "--out", text])).toMatchObject({ code: 0, stderr: "" });
  expect(await runCli(["export", text, "--format", "binary", "--out", binary])).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(binary).equals(readFileSync(trace))).toBe(true);
  const packed = join(folder, "packed");
  writeFileSync(packed, gzipSync(readFileSync(trace)));
  const { stdout } = await runCli(["export", packed, "--format", "text"]);
  expect(stdout === readFileSync(text, "utf8")).toBe(true);
});

test("what is no trace, or no text, is told", async () => {
  const cut = join(folder, "cut.trace");
  writeFileSync(cut, readFileSync(fixtureTrace).subarray(0, 3000));
  const broken = await runCli(["export", cut, "--format", "text"]);
  expect(broken).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/middle of a record \(at byte \d+\); what came before it is written/) as string,
  });
  expect(broken.stdout).toMatch(/^Trace Go1\.26\nEventBatch /);
  const foreign = await runCli(["export", fixtureTrace, "--format", "binary", "--out", binary]);
  expect(foreign).toMatchObject({ code: 3, stderr: expect.stringMatching(/line 1 of the trace text: expected "Trace Go1\.N"/) as string });
  expect(await runCli(["export", fixtureTrace, "--format", "text", "--from", "1ms"])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/foretrace slice/) as string,
  });
});
