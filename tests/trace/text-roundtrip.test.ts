/** Bytes → text → bytes is the same to the byte; the text is that of Go's own tool. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import { oldRecords } from "../../src/trace/old/spec.ts";
import { wireEvents } from "../../src/trace/spec.ts";
import { traceFromText, traceFromTextStream } from "../../src/trace/text/from-text.ts";
import { quote, unquote } from "../../src/trace/text/quote.ts";
import { traceToText, type TextOptions } from "../../src/trace/text/to-text.ts";
import { sharedDir } from "../helpers/shared.ts";
import { goldenLists, sharedFiles, traceBytes } from "./golden.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-text-"));
afterAll(() => rmSync(folder, { recursive: true }));
const hasGoTool = spawnSync("go", ["version"]).status === 0;
if (!hasGoTool) console.warn("there is no go: the text is not compared with that of go tool trace -d=wire");
if (sharedDir === undefined) console.warn("the shared traces are not there: their round trips through text are skipped");

async function toText(bytes: Uint8Array, options?: TextOptions): Promise<{ text: string; error: unknown }> {
  let text = "";
  try {
    for await (const part of traceToText([bytes.subarray(0, 1001), bytes.subarray(1001)], options)) text += part;
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

async function backFromStream(bytes: Uint8Array): Promise<Buffer> {
  const lines = traceToText([bytes]);
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const pieces = (async function* () {
    for await (const text of lines) yield encoder.encode(text);
  })();
  for await (const part of traceFromTextStream(pieces)) parts.push(part);
  return Buffer.concat(parts);
}

const files = [
  ...sharedFiles("format/v2-binary", /\.bin$/),
  ...sharedFiles("format/v1-binary", /good$/),
  ...sharedFiles("real", /\.trace$/).filter((path) => readFileSync(path).length < 2e6),
];
test.each(files.map((path) => [basename(path), path]))("%s, and back", async (_, path) => {
  const bytes = readFileSync(path);
  expect((await backFromStream(bytes)).equals(bytes)).toBe(true);
});

test.each(["esbuild-0.28.2-go1.26.5-small.trace", "esbuild-0.28.2-go1.26.5-cpuprofile.trace", "esbuild-0.28.2-go1.26.5-watch.trace"])(
  "the repository's %s, and back",
  async (name) => {
    const bytes = traceBytes(name)!;
    expect(goldenLists[name]).toBeDefined();
    expect((await backFromStream(bytes)).equals(bytes)).toBe(true);
  },
);

test.each(sharedFiles("format/fuzz", /./).map((path) => [basename(path), path]))(
  "Go's fuzz seed %s: what is in records, and back",
  async (_, path) => {
    const literal = /\[\]byte\((".*")\)/.exec(readFileSync(path, "utf8"))![1]!;
    const bytes = unquote(literal);
    const { text, error } = await toText(bytes);
    expect(error === undefined || isForetraceError(error)).toBe(true);
    const back = text === "" ? new Uint8Array(0) : traceFromText(text);
    expect(Buffer.from(bytes).subarray(0, back.length).equals(back)).toBe(true);
    expect(back.length).toBeLessThanOrEqual(isForetraceError(error) ? error.place.offset! : bytes.length);
    expect(error === undefined ? back.length : bytes.length).toBe(bytes.length);
  },
);

const twins = sharedFiles("format/v2-text", /\.(test|txt)$/).map((path) => [basename(path), path]);
test.each(twins)("the text of %s is that of its binary twin", async (name, path) => {
  const file = readFileSync(path, "utf8");
  const written = /-- trace --\n([^]*)$/.exec(file)?.[1] ?? file;
  const { text } = await toText(readFileSync(path.replace("v2-text", "v2-binary").replace(/\.(test|txt)$/, ".bin")));
  expect(bare(text)).toEqual(bare(written));
  expect(name).not.toBe("");
});

/** Without comments and white space at the beginning of lines: tests are written by hand. */
const bare = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => (line.trimStart().startsWith("data=") ? line : line.replace(/#.*/, "")).trim().replace(/\s+/g, " "))
    .filter((line) => line !== "");

test
  .skipIf(!hasGoTool)
  .each([
    ...["esbuild-0.28.2-go1.26.5-small.trace", "esbuild-0.28.2-go1.26.5-cpuprofile.trace"].map(
      (name) => [name, traceBytes(name)!] as const,
    ),
    ...sharedFiles("real", /(go1\.25\.7-small|go1\.22\.5-small)\.trace$/).map((path) => [basename(path), readFileSync(path)] as const),
  ])("%s as go tool trace -d=wire writes it", async (name, bytes) => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  const { stdout } = spawnSync("go", ["tool", "trace", "-d=wire", file], { encoding: "utf8", maxBuffer: 1 << 30 });
  const { text } = await toText(bytes);
  const ours = text.replace(/^Trace Go1\.\d+\n/, "").replace(/^((?!\tdata=).*?) #@.*$/gm, "$1");
  expect(ours === stdout).toBe(true);
});

describe("broken bytes", () => {
  const bytes = traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!;

  test("are text up to the break, then an error with its place", async () => {
    const cut = await toText(bytes.subarray(0, 5000));
    expect(cut.error).toMatchObject({
      code: "trace_truncated",
      message: expect.stringMatching(/in the middle of a record \(at byte \d+\)/) as string,
    });
    const end = (cut.error as { place: { offset: number } }).place.offset;
    expect(Buffer.from(traceFromText(cut.text)).equals(bytes.subarray(0, end))).toBe(true);
    expect(5000 - end).toBeLessThan(1100);
    const foreign = await toText(Buffer.concat([bytes, Uint8Array.of(200)]));
    expect(foreign.error).toMatchObject({
      code: "trace_malformed",
      place: { offset: bytes.length },
      message: expect.stringMatching(/unknown event 200/) as string,
    });
    expect((await toText(bytes.subarray(3))).error).toMatchObject({ code: "not_a_trace" });
  });

  test("of any kind end in a known error, and what was text comes back", async () => {
    const olds = [11, 19, 21].map((version) => Buffer.from(`go 1.${version} trace\0\0\0`));
    const news = [22, 23, 25, 26].map((version) => Buffer.from(`go 1.${version} trace\0\0\0`));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...olds, ...news), fc.uint8Array({ maxLength: 60 }), async (head, body) => {
        const whole = Buffer.concat([head, body]);
        const { text, error } = await toText(whole);
        expect(error === undefined || (isForetraceError(error) && /^trace_(malformed|truncated)$/.test(error.code))).toBe(true);
        const back = traceFromText(text);
        expect(whole.subarray(0, back.length).equals(back)).toBe(true);
        expect(error === undefined ? back.length : whole.length).toBe(whole.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("any text", () => {
  const value = fc.oneof(fc.nat(300), fc.bigInt(0n, 2n ** 64n - 1n)).map(String);
  const frames = (count: number) => fc.array(fc.tuple(value, value, value, value), { minLength: count, maxLength: count });
  const record = (name: string, args: readonly string[], data: boolean, stack: boolean) =>
    fc
      .tuple(fc.array(value, { minLength: args.length, maxLength: args.length }), fc.uint8Array({ maxLength: 40 }), frames(3))
      .map(([values, bytes, list]) => {
        const given = values.map((each, i) => (args[i] === "exp" ? String(Number(BigInt(each) % 256n)) : stack && i === 1 ? "3" : each));
        const lines = [[name, ...args.map((arg, i) => `${arg}=${given[i]}`)].join(" ")];
        if (stack) for (const [pc, func, file, line] of list) lines.push(`\tpc=${pc} func=${func} file=${file} line=${line}`);
        if (data) lines.push(`\tdata=${quote(bytes)}`);
        return lines.join("\n");
      });
  const news = wireEvents.map(({ name, args }) => record(name, args, name === "String" || name === "ExperimentalBatch", name === "Stack"));
  const olds = oldRecords.map(({ name, args }) => record(name, args, name === "String" || name === "UserLog", name === "Stack"));

  test.each([
    ["Trace Go1.26", news],
    ["Trace Go1.21", olds],
  ] as const)("%s: text → bytes → text", async (head, records) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(...records), { maxLength: 12 }), async (list) => {
        const text = `${[head, ...list].join("\n")}\n`;
        expect(await toText(traceFromText(text))).toEqual({ text, error: undefined });
      }),
      { numRuns: 500 },
    );
  });

  test("that is none is refused with its line, never otherwise", () => {
    const words = fc.constantFrom(
      "Trace Go1.22",
      "Trace Go1.19",
      "GoStart",
      "Stack id=1",
      " size=2",
      " nframes=2",
      "String id=1",
      "\n",
      "\n\tdata=",
      '"a\\x',
      '"',
      "#@ id:3",
      " ",
      "=",
      "9",
      "Batch p=1 ticks=2",
      "#",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 4 })), { maxLength: 14 }), (parts) => {
        let failure: unknown;
        try {
          traceFromText(parts.join(""));
        } catch (error) {
          failure = error;
        }
        const line = isForetraceError(failure) && failure.code === "trace_malformed" ? failure.place.line : undefined;
        expect(failure === undefined || line !== undefined).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test("says with offsets where each record lies, and comes back without them", async () => {
    const bytes = traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!;
    const { text } = await toText(bytes, { offsets: true });
    expect(text.split("\n")[1]).toMatch(/^EventBatch gen=1 m=\d+ time=\d+ size=\d+ #@ size:10 # byte 16$/);
    expect(Buffer.from(traceFromText(text)).equals(bytes)).toBe(true);
  });

  test("with notes that make no sense is refused", () => {
    for (const [line, why] of [
      ["GoStop dt=1 reason_string=1 stack=2 #@ g:2", /#@ g: there is no such value here/],
      ["GoStop dt=1 reason_string=1 stack=2 #@ dt:11", /1 to 10 bytes, not 11/],
      ["ExperimentalBatch exp=256 gen=1 m=1 time=1", /exp does not fit 8 bits/],
    ] as const)
      expect(() => traceFromText(`Trace Go1.26\n${line}`)).toThrow(why);
    expect(() => traceFromText('Trace Go1.19\nString id=1 #@ bits:4\n\tdata="x"')).toThrow(/two bits/);
  });
});

test("a literal of any bytes comes back", () => {
  const back = (bytes: Uint8Array): void => {
    expect(Buffer.from(unquote(quote(bytes))).equals(bytes)).toBe(true);
  };
  fc.assert(fc.property(fc.uint8Array(), back));
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      back(Buffer.from(text));
    }),
  );
});
