/** docs/findings-truth.md: every case and every recording whose truth is known, what must be found in it and what is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { FindingKind } from "../../src/features/findings.ts";
import { createSummary, type Summary } from "../../src/features/summary.ts";
import { readTrace } from "../../src/trace/read.ts";
import { findingCases, type FindingCase } from "./finding-cases.ts";
import { feed, formatVersion } from "./traces.ts";

const scenarios = join(import.meta.dirname, "..", "fixtures", "scenarios");

async function summaryOf(bytes: Uint8Array, windowNanos: number): Promise<Summary> {
  const visitor = createSummary({ windowNanos });
  const { error } = await readTrace([bytes], visitor);
  if (error !== undefined) throw error;
  return visitor.finish();
}

const readCase = ({ bytes, windowMs = 100 }: FindingCase): Promise<Summary> => summaryOf(bytes(), windowMs * 1e6);
export const readScenario = (name: string): Promise<Summary> =>
  summaryOf(gunzipSync(readFileSync(join(scenarios, `${name}.trace.gz`))), 1e8);
async function readRecording(name: string): Promise<Summary> {
  const visitor = createSummary({ windowNanos: 1e8 });
  await feed(name, formatVersion(name) >= 22 ? "core" : "reader", visitor);
  return visitor.finish();
}

/** Kinds above "info", each once. */
export const above = ({ findings }: Summary): FindingKind[] => [
  ...new Set(findings.filter(({ severity }) => severity !== "info").map(({ kind }) => kind)),
];

/** Programs of tests/fixtures/scenarios with one fault each, and what is above "info" in them. */
const scenarioTruth: Readonly<Record<string, readonly FindingKind[]>> = {
  leak: ["goroutine-leak"],
  mutex: ["lock-contention"],
  send: ["pipeline-bottleneck"],
  // Its collections take less than 50 ms in all: said, but no warning.
  gc: [],
  // Recorded on a machine with too few CPUs: its goroutines really kept their processors for longer than 20 ms.
  spin: ["long-slice"],
  tasks: [],
  idle: [],
};

/** The same for the recordings of ../shared/traces/real; their README says what each is. */
const recordingTruth: Readonly<Record<string, readonly FindingKind[]>> = {
  "go119-scenario-leak": ["goroutine-leak"],
  "go119-scenario-mutex": ["lock-contention"],
  "go119-scenario-pipeline": ["pipeline-bottleneck"],
  "go119-scenario-gc": ["gc-pressure"],
  // Nothing is wrong with these: a few tasks, nothing to do, servers with work they can do.
  "go119-scenario-tasks": [],
  "go119-scenario-idle": [],
  "prometheus-2.42.0-go1.19.8-idle5s": [],
  "prometheus-2.42.0-go1.19.8-load5s": [],
  "nats-server-2.9.10-go1.19.8-load3s": [],
  "esbuild-0.28.2-go1.26.5-serve-load": [],
  "esbuild-0.28.2-go1.26.5-watch": [],
  "tsgolint-7.0.2007-go1.26.10-tiny": [],
  "turbo-1.6.3-go1.18.7": [],
};

/** Severity of the case's own kind, and all kinds above "info". */
export async function judge(one: FindingCase): Promise<{ readonly got: FindingCase["expected"]; readonly found: readonly FindingKind[] }> {
  const summary = await readCase(one);
  return { got: summary.findings.find(({ kind }) => kind === one.kind)?.severity ?? "none", found: above(summary) };
}

export const expectedAbove = ({ kind, expected, also = [] }: FindingCase): FindingKind[] => [
  ...(expected === "warning" || expected === "critical" ? [kind] : []),
  ...also,
];

type Count = { faults: number; found: number; alarms: number; sound: number };
const marks = { info: "·", warning: "!", critical: "!!", none: "–" } as const;

/** The page, and how often what is above "info" was found and was not there. */
export async function truthPage(): Promise<string> {
  const [byHand, recorded]: [Count, Count] = [
    { faults: 0, found: 0, alarms: 0, sound: 0 },
    { faults: 0, found: 0, alarms: 0, sound: 0 },
  ];
  const cases: string[] = [];
  for (const one of findingCases) {
    const { got, found } = await judge(one);
    count(byHand, found, expectedAbove(one));
    cases.push(`| \`${one.kind}\` | ${one.name} | ${one.why} | ${marks[one.expected]} | ${marks[got]} |`);
  }
  const recordings: string[] = [];
  const record = (name: string, expected: readonly FindingKind[], summary: Summary): void => {
    const found = above(summary);
    count(recorded, found, expected);
    const informed = [...new Set(summary.findings.filter(({ severity }) => severity === "info").map(({ kind }) => kind))];
    recordings.push(`| ${name} | ${kinds(expected)} | ${kinds(found)} | ${kinds(informed)} |`);
  };
  for (const [name, expected] of Object.entries(scenarioTruth)) record(`scenarios/${name}`, expected, await readScenario(name));
  for (const [name, expected] of Object.entries(recordingTruth)) record(name, expected, await readRecording(name));
  return `# What is found where it is, and what is found where it is not

<!-- Made by \`node scripts/finding-truth.ts\`; a test holds this page against the run. -->

The rules of [findings.md](findings.md) over programs whose truth is known. "Found" counts findings above \`info\` that must be there, "false alarms" those that must not.

| | faults | found | false alarms | traces without a fault |
|---|---|---|---|---|
| written by hand | ${byHand.faults} | ${byHand.found} | ${byHand.alarms} | ${byHand.sound} |
| recordings | ${recorded.faults} | ${recorded.found} | ${recorded.alarms} | ${recorded.sound} |

The first table shows that the rules say what they mean to; they and the cases have the same author. The second is of programs that ran.

## Written by hand

For every kind a program that has it and others that come near (tests/features/finding-cases.ts), run by a small scheduler and written as a trace of format 1.26. !! critical, ! warning, · info, – not found.

| kind | program | why | expected | got |
|---|---|---|---|---|
${cases.join("\n")}

## Recordings

Programs with one fault each (tests/fixtures/scenarios) and recordings of servers and tools (../shared/traces/real).

| recording | above info: expected | got | info |
|---|---|---|---|
${recordings.join("\n")}
`;
}

function count(into: Count, found: readonly FindingKind[], expected: readonly FindingKind[]): void {
  into.faults += expected.length;
  into.found += expected.filter((kind) => found.includes(kind)).length;
  into.alarms += found.filter((kind) => !expected.includes(kind)).length;
  if (expected.length === 0) into.sound++;
}

const kinds = (list: readonly FindingKind[]): string => (list.length === 0 ? "–" : list.map((kind) => `\`${kind}\``).join(", "));
