/** `foretrace diff` as a command: the example of docs/diff.md, exit statuses, and the forms of the answer. */
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../helpers/cli.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";
import { sharedDir } from "../helpers/shared.ts";

const place = mkdtempSync(join(tmpdir(), "foretrace-diff-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

if (sharedDir === undefined) console.warn("diff: the recordings in shared/ are not here; the example of docs/diff.md is not checked");

describe("foretrace diff", () => {
  it.skipIf(sharedDir === undefined)("prints what docs/diff.md shows", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/diff.md"), "utf8");
    const [, command, expected] = /```\n\$ foretrace (diff [^\n]+)\n([^`]+)```/.exec(page)!;
    const args = [...command!.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
    const { stdout, code } = await runCli(args, { cwd: join(sharedDir!, "traces", "real") });
    expect(stdout).toBe(expected);
    expect(code).toBe(1);
  });

  it("of a trace and itself: 0, and no rule about a change holds", async () => {
    const rules = ["findings.new>0", "series.differing>0", "places.appeared>0", "go_trace_events>+0%"].flatMap((rule) => [
      "--fail-on",
      rule,
    ]);
    const { code, stdout, stderr } = await runCli(["diff", fixtureTrace, fixtureTrace, "--format", "json", ...rules]);
    expect([code, stderr]).toEqual([0, ""]);
    const found = JSON.parse(stdout) as { schema: number; a: object; b: object; test: { tested: boolean }; rules: { holds: boolean }[] };
    expect(found.a).toEqual(found.b);
    expect([found.schema, found.test.tested, found.rules.map(({ holds }) => holds)]).toEqual([1, true, [false, false, false, false]]);
  });

  it("says that formats differ, and has Markdown", async () => {
    const { code, stdout } = await runCli(["diff", oldTrace, fixtureTrace, "--format", "md", "--fail-on", "findings.b>=0"]);
    expect(code).toBe(1);
    expect(stdout).toContain("The formats differ");
    expect(stdout).toMatch(/^### Rules of --fail-on\n\n\|.*\n\|---\|---\|---\|\n\| FAILS \| findings\.b>=0 \|/m);
  });

  it("a broken trace is compared up to its break: 3", async () => {
    const cut = join(place, "cut.trace");
    writeFileSync(cut, readFileSync(fixtureTrace).subarray(0, 20_000));
    const { code, stderr } = await runCli(["diff", fixtureTrace, cut]);
    expect([code, stderr]).toEqual([3, expect.stringContaining("what came before it is compared")]);
  });

  it("wrong use: 2, with what is wrong", async () => {
    const wrong = await runCli(["diff", fixtureTrace, fixtureTrace, "--fail-on", "events>1"]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("neither a series")]);
    expect((await runCli(["diff", fixtureTrace, "-"])).code).toBe(2);
    const absent = await runCli(["diff", fixtureTrace, join(place, "absent")]);
    expect([absent.code, absent.stderr]).toEqual([2, expect.stringContaining("absent")]);
    const other = join(place, "other");
    writeFileSync(other, "no trace at all, but some bytes");
    expect((await runCli(["diff", other, fixtureTrace])).stderr).toContain(other);
  });
});
