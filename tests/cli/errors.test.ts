/** Broken input of the command: each gets its stated error and exit status. */
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../helpers/cli.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
const whole = readFileSync(fixtureTrace);

describe("analyze", () => {
  it("a truncated trace: what came before the break, the error with its byte offset, status 3", async () => {
    const path = file("cut.trace", whole.subarray(0, whole.length - 2000));
    const { code, stdout, stderr } = await runCli(["analyze", "--format", "csv", path]);
    expect(code).toBe(3);
    expect(stdout.split("\n")[0]).toBe("window_start_ns,name,value");
    expect(stderr).toMatch(/cut\.trace: .*byte \d+/);
  });

  it.each([
    ["a file of zeros", new Uint8Array(4096), /not a Go execution trace/i],
    ["a text file", "Dear reader,\nthis is a letter.\n", /not a Go execution trace/i],
    ["an empty file", "", /empty|no bytes/i],
    ["a format before Go 1.11", `go 1.10 trace\0\0\0${"\x01".repeat(64)}`, /go 1\.10 trace.*not supported/],
    ["a format of the future", `go 1.99 trace\0\0\0${"\x01".repeat(64)}`, /1\.99.*--assume-version/s],
  ])("%s: status 2 and nothing printed", async (name, bytes, message) => {
    const path = file(`${name.replaceAll(" ", "-")}.trace`, bytes);
    const { code, stdout, stderr } = await runCli(["analyze", "--format", "csv", path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).toContain(path);
    expect(stderr).not.toMatch(/ at .*\.ts:\d+/);
  });

  it("a trace of Go 1.19 that was cut: nothing can be given, and why, status 3", async () => {
    const path = file("old-cut.trace", readFileSync(oldTrace).subarray(0, 3000));
    const { code, stdout, stderr } = await runCli(["analyze", "--format", "csv", path]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "window_start_ns,name,value\n" });
    expect(stderr).toMatch(
      /old-cut\.trace: .*ordered only as a whole, so that nothing of it is given \(at byte \d+\); --salvage reads what can be read of it\n$/,
    );
  });

  it("an answer in the place of the trace, by whatever name: the trace stays", async () => {
    const bytes = readFileSync(oldTrace);
    const path = file("kept.trace", bytes);
    const other = join(dirname(path), "other-name.trace");
    linkSync(path, other);
    for (const command of [
      ["analyze", path, "--out", path],
      ["analyze", path, "--out", other],
      ["export", path, "--format", "speedscope", "--out", path],
      ["slice", path, "--from", "0s", "--to", "1s", "--out", path],
      ["diff", path, path, "--out", path],
    ]) {
      const { code, stderr } = await runCli(command);
      expect({ command, code }).toEqual({ command, code: 2 });
      expect(stderr).toContain("is the trace that is read");
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
  });

  it("a trace of Go 1.19 cannot be sliced", async () => {
    const { code, stderr } = await runCli(["slice", oldTrace, "--from", "1ms", "--to", "2ms", "--out", join(folder, "never.trace")]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/"go 1\.19 trace" cannot be cut/);
    expect(existsSync(join(folder, "never.trace"))).toBe(false);
  });

  it("an empty standard input", async () => {
    const { code, stderr } = await runCli(["analyze", "-"], { stdin: "" });
    expect(code).toBe(2);
    expect(stderr).toMatch(/standard input/);
  });

  it.each([
    [["analyze", join(folder, "absent.trace")], /absent\.trace.*no such file/i],
    [["analyze", "--window", "5 parsecs", fixtureTrace], /--window.*100ms/],
    [["analyze", "--window", "0s", fixtureTrace], /--window must be longer than 0/],
    [
      ["analyze", "--window", "1ns", fixtureTrace],
      /more windows of 1 ns before its second generation than can be held back .* use a longer window/,
    ],
    [["analyze", "--format", "xml", fixtureTrace], /text, json, csv, prom/],
    [["analyze"], /missing required argument/],
    [["analyse", fixtureTrace], /Did you mean analyze/],
  ])("wrong use %j: status 2 and what would be right", async (args, message) => {
    const { code, stderr } = await runCli(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe("--out where nothing can be written", () => {
  const slice = ["slice", fixtureTrace, "--from", "0s", "--to", "1ms"];
  const report = ["report", "--data", join(folder, "data"), "--last", "1h"];
  it.each([
    [[...slice, "--out", join(folder, "absent/x")], /cannot write .*absent\/x: .*give --out a place/],
    [[...slice, "--out", folder], /cannot write .*: it is a folder; give --out a place/],
    [[...report, "--out", join(folder, "absent/y")], /cannot write .*absent\/y: .*give --out a place/],
    [[...report, "--out", folder], /cannot write .*: it is a folder; give --out a place/],
  ])("%j: status 2 and what would be right", async (args, message) => {
    const { code, stderr } = await runCli(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ at .*\.ts:\d+|defect/);
    expect(code).toBe(2);
    expect(existsSync(`${folder}.part`)).toBe(false);
  });
});

describe("config check", () => {
  it("names an unknown key, its line and the nearest known one", async () => {
    const path = file("foretrace.yaml", "grid: 10s\ntargets:\n  - name: checkout\n    promtheus: {}\n");
    const { code, stderr } = await runCli(["config", "check", path]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/foretrace\.yaml:4:\d+: .*promtheus.*did you mean "prometheus"/);
  });
  it("takes variables from the environment, as serve does", async () => {
    const path = file("token.yaml", 'api: { token: "${MYTOK}" }\n');
    expect(await runCli(["config", "check", path], { env: { MYTOK: "s3cret" } })).toMatchObject({ code: 0, stderr: "" });
    const { code, stderr } = await runCli(["config", "check", path], { env: { MYTOK: undefined } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/token\.yaml:1:15: .*MYTOK, which is not set/);
  });
  it("prints the JSON schema", async () => {
    const { code, stdout } = await runCli(["config", "schema"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: "object", additionalProperties: false });
  });
});

it("help teaches", async () => {
  const { code, stdout } = await runCli(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("foretrace analyze trace.out");
});
