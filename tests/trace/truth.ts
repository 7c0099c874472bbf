/** Every file of ../shared/traces against what the reference reader gives for it: rows of the table that `npm run truth` prints. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createCoreSeries } from "../../src/features/core-series.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import { traceCores } from "../../src/sources/trace-core.ts";
import type { TraceCores, TraceOutcome } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { readSeriesCsv, seriesDifferences } from "../helpers/series-csv.ts";
import { goldenSeries } from "../features/traces.ts";
import { baseName, digest, eventLines, goldenLines, goldenLists, shared, sharedFiles } from "./golden.ts";

export type TruthRow = {
  /** Below ../shared/traces. */
  readonly file: string;
  /** `1.26`; – where the bytes do not say. */
  readonly format: string;
  readonly events: number;
  /** Our class of error; – for none. */
  readonly error: string;
  /** What was held against the reference, by the names of {@link evidence}. */
  readonly rests: readonly string[];
  /** What was not equal; empty when all was. */
  readonly differences: readonly string[];
};

/** What "equal" may rest on. All readings are made with the WebAssembly core and without it. */
export const evidence: Readonly<Record<string, string>> = {
  list: "SHA-256 of the complete list of events (time, kind, context, stack, every argument) that golang.org/x/exp/trace gives; for Go 1.11–1.21 with ties broken in the order of the file (tests/fixtures/traces/README.md)",
  tsv: "the complete list beside the file, line by line",
  counts: "the summary beside the file: events by kind, transition and reason, first and last time",
  error: "both end without an error, or the reference's words are in ours",
  series: "every core series in every window, by two implementations that share no code (tolerance 1e-9 + 1e-6 of the value)",
  bytes: "the text form becomes the bytes of its binary twin",
  expect: "the end that Go's own test expects",
  cuts: "number of events and error when the file is cut at 41 lengths",
};

type Golden = { readonly events: number; readonly sha256: string; readonly error: string };
type Summary = { readonly events: number; readonly error?: string; readonly first: number; readonly last: number; readonly kinds: object };
const fixture = (name: string): Record<string, Golden> =>
  JSON.parse(readFileSync(new URL(`../fixtures/traces/${name}`, import.meta.url), "utf8")) as Record<string, Golden>;
const goldens: Readonly<Record<string, Golden>> = { ...goldenLists, ...fixture("golden-old.json"), ...fixture("golden-fuzz.json") };
const readings: readonly (readonly [string, TraceCores | undefined])[] = [
  ["core", traceCores],
  ["plain", undefined],
];

class Comparison {
  readonly rests = new Set<string>();
  readonly differences: string[] = [];

  holds(kind: string, way: string, isEqual: boolean, detail = ""): void {
    this.rests.add(kind);
    if (!isEqual) this.differences.push(`${kind} (${way})${detail === "" ? "" : `: ${detail}`}`);
  }

  error(way: string, found: string | undefined, reference: string): void {
    const isEqual = reference === "" ? found === undefined : found?.includes(reference) === true;
    this.holds("error", way, isEqual, `${found ?? "none"}; the reference: ${reference === "" ? "none" : reference}`);
  }

  row(path: string, bytes: Uint8Array, outcome: TraceOutcome): TruthRow {
    const format = /^go (1\.\d+) trace/.exec(Buffer.from(bytes.subarray(0, 16)).toString("latin1"))?.[1] ?? "–";
    return {
      file: `${place(path)}/${basename(path)}`,
      format,
      events: outcome.events,
      error: outcome.error?.code ?? "–",
      rests: Object.keys(evidence).filter((kind) => this.rests.has(kind)),
      differences: this.differences,
    };
  }
}

const place = (path: string): string => dirname(relative(shared(""), path));

/** All rows, folder by folder; each as soon as it is there. Needs ../shared. */
export async function* truthRows(): AsyncGenerator<TruthRow> {
  for (const path of sharedFiles("real", /\.trace$/)) yield recording(path);
  for (const folder of ["v2-binary", "v1-binary"]) for (const path of sharedFiles(`format/${folder}`, /./)) yield recording(path);
  for (const path of sharedFiles("format/v2-text", /\.(test|txt)$/)) yield text(path);
  for (const path of sharedFiles("format/fuzz", /./)) yield seed(path);
  for (const path of sharedFiles("format/truncation", /\.jsonl$/)) yield cuts(path);
}

/** A trace whose list, or its hash, and whose summary are known; with other bytes it can only differ. */
export async function recording(path: string, bytes: Buffer = readFileSync(path)): Promise<TruthRow> {
  const name = basename(path);
  const beside = path.includes("/real/") ? path : shared(`format/golden/${name}`);
  const golden = goldens[name];
  const isOld = !/^go 1\.2[2-9]/.test(bytes.toString("latin1", 0, 8));
  const comparison = new Comparison();
  let last: TraceOutcome | undefined;
  for (const [way, core] of readings) {
    const { sha256, kinds, outcome } = await digest(bytes, core);
    last = outcome;
    if (golden !== undefined) {
      comparison.holds("list", way, sha256 === golden.sha256 && outcome.events === golden.events);
      comparison.error(way, outcome.error?.message, golden.error);
    }
    // The lists beside old traces have ties in the order of one run (tests/trace/old-golden.test.ts holds them apart from that).
    if (!isOld && existsSync(`${beside}.tsv.gz`)) {
      const { lines } = await eventLines(bytes, core);
      comparison.holds("tsv", way, isDeepStrictEqual(lines, goldenLines(`${beside}.tsv.gz`)));
    }
    const summary = JSON.parse(readFileSync(`${beside}.summary.json`, "utf8")) as Summary;
    const origin = Number(outcome.info?.origin ?? 0);
    const times = summary.events === 0 || (origin === summary.first && origin + outcome.end === summary.last);
    if (outcome.events > 0 || summary.events > 0)
      comparison.holds("counts", way, outcome.events === summary.events && isDeepStrictEqual(kinds, summary.kinds) && times);
    if (golden === undefined) comparison.error(way, outcome.error?.message, summary.error ?? "");
    await series(name.replace(/\.trace$/, ""), bytes, core, way, comparison);
  }
  return comparison.row(path, bytes, last!);
}

async function series(name: string, bytes: Uint8Array, core: TraceCores | undefined, way: string, comparison: Comparison): Promise<void> {
  for (const { millis, path } of goldenSeries.filter(({ trace }) => trace === name)) {
    const table = new Map<string, number>();
    const visitor = createCoreSeries({
      windowNanos: millis * 1e6,
      onWindow: ({ start, values }) => values.forEach((value, series) => table.set(`${start} ${series}`, value)),
    });
    await readTrace([bytes], visitor, { core });
    visitor.finish();
    const differences = seriesDifferences(table, readSeriesCsv(path));
    comparison.holds("series", `${way}, ${millis} ms`, differences.length === 0 && table.size > 0, differences[0]);
  }
}

/** One of Go's tests in text: its bytes, and the end that it expects. */
async function text(path: string): Promise<TruthRow> {
  const file = readFileSync(path, "utf8");
  const [, wanted = "SUCCESS", trace = file] = /^-- expect --\n(.*)\n-- trace --\n([^]*)$/.exec(file) ?? [];
  const pattern = new RegExp(/^FAILURE "(.*)"$/.exec(wanted)?.[1] ?? "^SUCCESS$");
  const bytes = traceFromText(trace);
  const comparison = new Comparison();
  comparison.holds("bytes", "text", Buffer.compare(bytes, readFileSync(shared(`format/v2-binary/${baseName(path)}.bin`))) === 0);
  let last: TraceOutcome | undefined;
  for (const [way, core] of readings) {
    last = await readTrace([bytes], { event() {} }, { core });
    const end = last.error?.message ?? "SUCCESS";
    comparison.holds("expect", way, pattern.test(end), end);
  }
  return comparison.row(path, bytes, last!);
}

/** A fuzz seed of Go's: "go test fuzz v1" and a byte string, which the text form has as data. */
async function seed(path: string): Promise<TruthRow> {
  const literal = /\[\]byte\((".*")\)\s*$/s.exec(readFileSync(path, "utf8"))![1]!;
  const wrapped = traceFromText(`Trace Go1.22\nExperimentalBatch exp=1 gen=1 m=0 time=0\n\tdata=${literal}\n`);
  const bytes = wrapped.subarray(wrapped.indexOf(103, 16));
  const golden = goldens[basename(path)]!;
  const comparison = new Comparison();
  let last: TraceOutcome | undefined;
  for (const [way, core] of readings) {
    const { sha256, outcome } = await digest(bytes, core);
    last = outcome;
    comparison.holds("list", way, sha256 === golden.sha256 && outcome.events === golden.events);
    comparison.error(way, outcome.error?.message, golden.error);
  }
  return comparison.row(path, bytes, last!);
}

/** The beginnings of a recording. A file of no bytes has an error of its own here, `empty_input`. */
async function cuts(path: string): Promise<TruthRow> {
  const bytes = readFileSync(shared(`real/${basename(path, ".jsonl")}.trace`));
  const comparison = new Comparison();
  const lines = readFileSync(path, "utf8").trim().split("\n");
  comparison.holds("cuts", "lengths", lines.length === 41);
  let last: TraceOutcome | undefined;
  for (const [way, core] of readings) {
    for (const line of lines) {
      const cut = JSON.parse(line) as { len: number; events: number; error: string };
      let events = 0;
      const outcome = await readTrace([bytes.subarray(0, cut.len)], { event: () => void events++ }, { core }).catch(
        (error: unknown) => error,
      );
      if (cut.len === 0) {
        comparison.holds("cuts", `${way}, 0 bytes`, isForetraceError(outcome) && outcome.code === "empty_input");
        continue;
      }
      last = outcome as TraceOutcome;
      comparison.holds("cuts", `${way}, ${cut.len} bytes`, events === cut.events && last.events === events);
      comparison.error(`${way}, ${cut.len} bytes`, last.error?.message, cut.error);
    }
  }
  return comparison.row(path, bytes, last!);
}

/** Columns of a row as text. */
export const truthCells = ({ file, format, events, error, rests, differences }: TruthRow): string[] => [
  file,
  format,
  String(events),
  error,
  differences.length === 0 ? "yes" : "NO",
  rests.join(" "),
];
export const truthHead: readonly string[] = ["file", "format", "events", "error", "equal", "rests on"];

/** docs/truth.md. */
export function truthPage(rows: readonly TruthRow[], day: string): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const yes = rows.filter(({ differences }) => differences.length === 0).length;
  const folders = Map.groupBy(rows, ({ file }) => dirname(file));
  const tables = [...folders].map(([folder, list]) => {
    const body = list.map((row) => line(truthCells(row).with(0, `\`${basename(row.file)}\``))).join("");
    return `## ${folder}\n\n${line(truthHead)}${line(truthHead.map(() => "---"))}${body}`;
  });
  return `# Every reference trace, and whether we read it as Go does

<!-- Made by \`npm run truth -- --write\`. -->
${day}: ${yes} of ${rows.length} files of \`../shared/traces\` are read as golang.org/x/exp/trace reads them, each with the WebAssembly core and without it. \`npm run truth\` prints this table anew (status 1 on any NO); the full test run holds this page against it.

"Equal" rests on:

${Object.entries(evidence)
  .map(([kind, meaning]) => `- **${kind}**: ${meaning}`)
  .join("\n")}

\`error\` is our class of the error in which reading ends ([errors.md](errors.md)); rows of \`truncation\` show the longest cut.

${tables.join("\n")}`;
}
