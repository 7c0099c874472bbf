/** foretrace.yaml: defaults, conversions, and errors that name file, line, key and remedy. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultConfig, loadConfig, targetConfig } from "../../src/jobs/config.ts";
import { isForetraceError } from "../../src/lib/errors.ts";

function problemOf(text: string, environment = {}): string {
  try {
    loadConfig(text, "f.yaml", environment);
  } catch (error) {
    if (isForetraceError(error) && error.code === "bad_config") return error.message;
    throw error;
  }
  return "none";
}

test("an empty file is the documented defaults", () => {
  expect(defaultConfig).toMatchObject({
    gridMillis: 10_000,
    targets: [],
    models: { horizon: 30, season: "auto", seed: 1, trainOnMillis: 30 * 86_400_000, scoreOnMillis: 86_400_000, maxSeries: 300 },
    schedule: {
      ingest: { everyMillis: 60_000 },
      score: { everyMillis: 60_000 },
      forecast: { everyMillis: 300_000 },
      train: { everyMillis: 86_400_000 },
    },
    report: undefined,
    api: { host: "127.0.0.1", port: 9464, token: undefined, uploadLimitBytes: 2 ** 30 },
  });
});

test("the example that comes with the repository loads", () => {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "deploy", "foretrace.yaml"), "utf8");
  const config = loadConfig(text, "foretrace.yaml");
  expect(config.targets[0]!.prometheus).toMatchObject({
    stepMillis: 60_000,
    queries: { http_requests: { kind: "counter" }, goroutines: { kind: "gauge" } },
  });
  expect(config.report).toEqual({ cron: "0 7 * * 1", timezone: "Europe/Berlin", rangeMillis: 7 * 86_400_000 });
});

test("a target takes what it does not say from models; one that is not configured too", () => {
  const config = loadConfig("models: { horizon: 7, season: 1d }\ntargets: [{ name: a, season: none }]", "f.yaml");
  expect(targetConfig(config, "a")).toEqual({ name: "a", season: "none", horizon: 7 });
  expect(targetConfig(config, "b")).toEqual({ name: "b", season: 86_400_000, horizon: 7 });
});

test("secrets come from the environment, and a missing one is named", () => {
  expect(loadConfig("api: { token: '${T}' }", "f.yaml", { T: "s3cret" }).api.token).toBe("s3cret");
  expect(problemOf("api: { token: '${T}' }")).toMatch(/^f\.yaml:1:15: api\.token needs the environment variable T, which is not set$/);
});

const prometheus = (key: string): string => `targets: [{ name: a, prometheus: { url: 'http://x', ${key}, queries: {} } }]`;

test("what is wrong is said with its place and what would be right", () => {
  const cases: [text: string, message: RegExp][] = [
    ["gird: 5s", /^f\.yaml:1:1: unknown key "gird"; did you mean "grid"\?$/],
    ["targets:\n  - name: a\n    promtheus: {}", /^f\.yaml:3:5: unknown key "targets\.0\.promtheus"; did you mean "prometheus"\?$/],
    ["targets:\n  - season: 1d", /^f\.yaml:2:5: .* lacks name$/],
    ["targets: [{ name: a }, { name: a }]", /target "a" is there twice/],
    ["grid: 5", /^f\.yaml:1:7: grid must be string/],
    ["grid: fast", /^f\.yaml:1:7: grid does not have the right form; write for example 10s/],
    ["grid: 10ms", /grid "10ms" must be whole milliseconds, at least 1s/],
    ["schedule: { score: sometimes }", /schedule\.score "sometimes" is not a duration of at least 1s, a cron pattern or off/],
    ["report: { cron: weekly-please }", /report\.cron "weekly-please" is not a cron pattern/],
    ["report: { cron: '0 7 * * 1', timezone: Mars/Olympus }", /is not an IANA time zone/],
    ["models: { horizon: 0 }", /^f\.yaml:1:20: models\.horizon must be >= 1/],
    ["report: { cron: a b c d e }", /^f\.yaml:1:17: report\.cron "a b c d e" is not a cron pattern: .*for example 0 7 \* \* 1$/],
    ["report: { cron: 0 0 31 2 * }", /^f\.yaml:1:17: report\.cron .* is not a cron pattern/],
    ["schedule: { score: 61 25 * * * }", /^f\.yaml:1:20: schedule\.score "61 25 \* \* \*" is not a cron pattern: .*61/],
    ["schedule: { score: 0s }", /^f\.yaml:1:20: schedule\.score "0s" must be longer than 0/],
    ["models: { scoreOn: 0s }", /^f\.yaml:1:20: models\.scoreOn "0s" must be longer than 0 .*write for example 10s/],
    ["models: { trainOn: 99999999999999999w }", /^f\.yaml:1:20: models\.trainOn .* at most 36500d/],
    ["models: { season: 0d }", /^f\.yaml:1:19: models\.season "0d" must be longer than 0/],
    ["models: { season: 5 }", /^f\.yaml:1:19: models\.season must be one of "auto", "none" or a duration such as 10s$/],
    ["report: { cron: 0 7 * * 1, range: 0s }", /^f\.yaml:1:\d+: report\.range "0s" must be longer than 0/],
    [prometheus("timeout: 0s"), /^f\.yaml:1:\d+: targets\.0\.prometheus\.timeout "0s" must be longer than 0/],
    [prometheus("timeout: 30d"), /^f\.yaml:1:\d+: targets\.0\.prometheus\.timeout "30d" must be at most 1d/],
    [prometheus("lookback: 0s"), /^f\.yaml:1:\d+: targets\.0\.prometheus\.lookback "0s" must be longer than 0/],
    ["targets: [{ name: a, autoscale: { series: 'x{', perReplica: 1 } }]", /^f\.yaml:1:\d+: .*series "x\{" is not a series name; write/],
    ["api: { token: a b }", /^f\.yaml:1:15: api\.token holds spaces or other characters/],
    ["api: { uploadLimit: 99999999999999999TiB }", /^f\.yaml:1:21: api\.uploadLimit .* is out of range; write from 1B/],
    ["api: { uploadLimit: 0B }", /^f\.yaml:1:21: api\.uploadLimit "0B" is out of range/],
    ["a: *x", /^f\.yaml:1:4: \*x is an alias, and nothing before it is marked &x/],
    ["grid: &x { a: *x }", /^f\.yaml:1:\d+: /],
    ["a: [", /^f\.yaml:1:\d+: /],
    ["targets: [{ name: a, prometheus: { url: 'ftp://x', queries: {} } }]", /url does not have the right form/],
  ];
  for (const [text, message] of cases) expect(problemOf(text)).toMatch(message);
});

test("any text is either a configuration or a bad_config", () => {
  const words = fc.constantFrom("targets", "name", "grid", "prometheus", "queries", "schedule", "1m", "off", "api", "report", "cron", "x");
  const yaml = fc
    .object({ key: words, values: [words, fc.integer(), fc.boolean(), fc.constant(null)], maxDepth: 4 })
    .map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.oneof(yaml, fc.string({ unit: "binary" })), (text) => {
      // It names its place, or there is none to name.
      expect(problemOf(text)).toMatch(/^(none$|f\.yaml:\d+:\d+: )/);
    }),
    { numRuns: 60 },
  );
});
