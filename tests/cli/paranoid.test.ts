/** `analyze --paranoid`: the same answer, and a broken rule as an error. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { runCli } from "../helpers/cli.ts";

const fixture = join(import.meta.dirname, "..", "fixtures", "traces", "esbuild-0.28.2-go1.26.5-small.trace");
const folder = mkdtempSync(join(tmpdir(), "foretrace-paranoid-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("says of a good trace what is said without it", async () => {
  const args = ["analyze", "--format", "csv", fixture];
  const plain = await runCli(args);
  expect(await runCli([...args, "--paranoid"])).toEqual(plain);
  expect(plain.code).toBe(0);
});

it("tells a label without text, gives the answer all the same, and ends with 3", async () => {
  // Go's own reader takes it, and so do we.
  const text = `Trace Go1.22
EventBatch gen=1 m=0 time=10 size=15
ProcStatus dt=1 p=0 pstatus=1
GoStatus dt=1 g=1 m=0 gstatus=2
GoLabel dt=1 label_string=0
GoLabel dt=1 label_string=0
EventBatch gen=1 m=18446744073709551615 time=10 size=6
Frequency freq=1000000000
`;
  const file = join(folder, "label.trace");
  writeFileSync(file, traceFromText(text));
  const plain = await runCli(["analyze", "--format", "csv", file]);
  expect(plain).toMatchObject({ code: 0, stderr: "" });
  const out = join(folder, "out.json");
  const found = await runCli(["analyze", "--paranoid", "--format", "json", "--out", out, file]);
  const said = "rule label-text is broken at event 4 (Label at 3 ns = 3 ns, thread 0): expected a label (and 1 more after it)";
  expect(found).toMatchObject({ code: 3, stdout: "" });
  expect(found.stderr).toBe(`foretrace: ${file}: ${said}\n`);
  expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ summary: { events: 6 }, error: { code: "trace_rule_broken", message: said, offset: null } }); // prettier-ignore
});
