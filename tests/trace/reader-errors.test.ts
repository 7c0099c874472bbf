/** docs/errors-of-the-reader.md: the class of error is the one that the table says, in every case whose answer by the reference reader is there. */
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import { readTrace } from "../../src/trace/read.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { sharedDir } from "../helpers/shared.ts";
import { mutate } from "./damage.ts";
import { goldenLists, shared, sharedFiles, traceBytes } from "./golden.ts";
import { oldCases } from "./old-cases.ts";
import { oldTrace } from "./old-text.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/traces");
const answers = <T>(name: string): T => JSON.parse(readFileSync(join(fixtures, name), "utf8")) as T;
const page = readFileSync(resolve(import.meta.dirname, "../../docs/errors-of-the-reader.md"), "utf8");
const rows = [...page.matchAll(/^\| `(.*?)` \| `(\w+)` \| (.*) \|$/gm)].map(([, pattern, code, when]) => ({
  pattern: new RegExp(pattern!.replaceAll("\\|", "|")),
  codes: [code!, ...(when!.match(/(?<=`)trace_\w+(?=`)/g) ?? [])],
}));

async function codeOf(bytes: Uint8Array): Promise<string> {
  const outcome = await readTrace([bytes], { event() {} }).catch((error: unknown) => error);
  return isForetraceError(outcome) ? outcome.code : ((outcome as Awaited<ReturnType<typeof readTrace>>).error?.code ?? "");
}

/** What does not fit: no row for the message, or another code than that of the first row that fits. A file of no bytes has an error of its own. */
async function misfits(message: string, bytes: Uint8Array): Promise<string[]> {
  const row = rows.find(({ pattern }) => pattern.test(message));
  const code = await codeOf(bytes);
  const codes = bytes.length === 0 ? ["empty_input"] : (row?.codes ?? []);
  return row !== undefined && codes.includes(code) ? [] : [`${message}: ${code}`];
}

describe("the table of messages", () => {
  test("has a row of its own for each message, and only codes that there are", () => {
    expect(rows.length).toBeGreaterThan(70);
    expect(new Set(rows.map(({ pattern }) => pattern.source)).size).toBe(rows.length);
  });

  test("holds for the recordings", async () => {
    const wrong: string[] = [];
    for (const [name, { error }] of Object.entries(goldenLists)) {
      const bytes = error === "" ? undefined : traceBytes(name);
      if (bytes !== undefined) wrong.push(...(await misfits(error, bytes)));
    }
    expect(wrong).toEqual([]);
  });

  test("holds for the small traces of old formats, and for 300 changed copies of one", async () => {
    const given = answers<Record<string, { error: string }>>("old-cases.json");
    const whole = traceBytes("go119-scenario-tasks.trace")!;
    const cases: (readonly [string, Uint8Array])[] = [
      ...oldCases.map(([name, version, text]) => [given[name]!.error ?? "", oldTrace(version, text)] as const),
      ...answers<[number, number, string][]>("old-mutations.json").map(([seed, , error]) => [error, mutate(whole, seed)] as const),
    ];
    const wrong: string[] = [];
    for (const [error, bytes] of cases) if (error !== "") wrong.push(...(await misfits(error, bytes)));
    expect(wrong).toEqual([]);
  });

  test.skipIf(sharedDir === undefined)("holds for Go's own cases", async () => {
    let failing = 0;
    const wrong: string[] = [];
    for (const path of sharedFiles("format/v2-text", /\.test$/)) {
      const [, pattern, text] = /^-- expect --\nFAILURE "(.*)"\n-- trace --\n([^]*)$/.exec(readFileSync(path, "utf8")) ?? [];
      if (pattern === undefined || text === undefined) continue;
      const { error } = JSON.parse(readFileSync(shared(`format/golden/${basename(path, ".test")}.bin.summary.json`), "utf8")) as {
        error: string;
      };
      wrong.push(...(await misfits(error, traceFromText(text))));
      failing++;
    }
    expect(failing).toBeGreaterThan(1);
    expect(wrong).toEqual([]);
  });

  test.skipIf(sharedDir === undefined)("holds for files cut at 41 places each", async () => {
    const wrong: string[] = [];
    for (const path of sharedFiles("format/truncation", /\.jsonl$/)) {
      const bytes = readFileSync(shared(`real/${basename(path, ".jsonl")}.trace`));
      const cuts = readFileSync(path, "utf8").trim().split("\n");
      for (const cut of cuts) {
        const { len, error } = JSON.parse(cut) as { len: number; error: string };
        if (error !== "" && len < 1e6) wrong.push(...(await misfits(error, bytes.subarray(0, len))));
      }
    }
    expect(wrong).toEqual([]);
  });
});
