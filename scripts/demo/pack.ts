/**
 * Makes demo/ from a recording (scripts/demo/record.ts) and from a public metric history.
 *
 * Usage: node scripts/demo/pack.ts RECORDING_DIR [ASD_DIR]
 * - demo/esbuild/history.om.gz: every core series of the whole recording on a grid of five seconds, as continuous tracing would have left it
 * - demo/esbuild/{before,fault,after}.trace.gz: the raw trace for some seconds before, in and after the fault
 * - demo/esbuild/recording.json: what was recorded, and when the fault was
 * - demo/omi-9/history.om.gz: server omi-9 of ASD (InterFusion's application server dataset, MIT), 19 metrics every 5 minutes;
 *   the last four weeks of its training part and its whole test part, which holds labelled anomalies (labels.json, not read by the demo)
 */
import { createWriteStream, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, gunzipSync, gzipSync } from "node:zlib";
import { createGridSeries } from "../../src/features/grid.ts";
import { describeSeries } from "../../src/features/catalogue.ts";
import { wallClockOrigin } from "../../src/features/wall-clock.ts";
import { epochMillis, epochToTrace, type EpochMillis, traceNanos } from "../../src/lib/units.ts";
import { openBytes } from "../../src/sources/bytes.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sliceTrace } from "../../src/trace/slice.ts";
import type { GenerationTables, TraceInfo } from "../../src/trace/model.ts";

const gridMillis = 5000;
/** Seconds of raw trace around the fault: calm before it, its beginning, calm again after it. */
const slices = { before: [-40, -25], fault: [4, 16], after: [30, 45] } as const;

const recording = resolve(process.argv[2] ?? "recording");
const asd = resolve(process.argv[3] ?? "../shared/datasets/asd");
const demo = resolve(import.meta.dirname, "../../demo");
const traceFile = join(recording, "server.trace");
const open = () => openBytes(traceFile);

type Recording = { startedAt: number; endedAt: number; fault: { from: number; to: number } };
const facts = JSON.parse(readFileSync(join(recording, "recording.json"), "utf8")) as Recording;

/** Wall clock of the trace's first event, from the clock snapshot of its first generation. */
async function origin(): Promise<EpochMillis> {
  const stop = new AbortController();
  let info: TraceInfo | undefined;
  let found: EpochMillis | undefined;
  const visitor = {
    start: (start: TraceInfo) => void (info = start),
    generation(tables: GenerationTables) {
      if (tables.clock !== undefined && info !== undefined) found ??= wallClockOrigin(info, tables.clock);
      stop.abort();
    },
    event() {},
  };
  await readTrace(open(), visitor, { signal: stop.signal }).catch(() => {});
  if (found === undefined) throw new Error(`${traceFile} has no clock snapshot in its first generation`);
  return found;
}

async function esbuild(): Promise<void> {
  const out = join(demo, "esbuild");
  mkdirSync(out, { recursive: true });
  const zero = await origin();
  const samples = new Map<string, string[]>();
  const series = createGridSeries({
    gridMillis,
    origin: zero,
    onCell({ end, values }) {
      for (const [name, value] of values) {
        const lines = samples.get(name) ?? [];
        lines.push(`${name} ${Number(value.toPrecision(9))} ${end / 1000}`);
        samples.set(name, lines);
      }
    },
  });
  const outcome = await readTrace(open(), series);
  series.finish();
  console.log(`${outcome.events} events, ${outcome.generations} generations, ${outcome.error?.message ?? "read to its end"}`);
  writeOpenMetrics(join(out, "history.om.gz"), samples);
  for (const [name, [from, to]] of Object.entries(slices)) {
    const base = name === "after" ? facts.fault.to : facts.fault.from;
    const range = {
      from: traceNanos(epochToTrace(zero, epochMillis(base + from * 1000))),
      to: traceNanos(epochToTrace(zero, epochMillis(base + to * 1000))),
    };
    const file = join(out, `${name}.trace.gz`);
    await pipeline(Readable.from(sliceTrace(open, range)), createGzip({ level: constants.Z_BEST_COMPRESSION }), createWriteStream(file));
    console.log(`${file}: ${statSync(file).size} bytes`);
  }
  writeFileSync(join(out, "recording.json"), readFileSync(join(recording, "recording.json")));
}

/** Lines of each family stand together, as OpenMetrics asks. */
function writeOpenMetrics(file: string, samples: ReadonlyMap<string, readonly string[]>): void {
  let text = "";
  let family = "";
  for (const [name, lines] of [...samples].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bare = name.split("{")[0]!;
    if (bare !== family) {
      family = bare;
      text += `# TYPE ${bare} gauge\n`;
      const help = describeSeries(bare)?.help;
      if (help !== undefined) text += `# HELP ${bare} ${help}\n`;
    }
    text += `${lines.join("\n")}\n`;
  }
  writeFileSync(file, gzipSync(`${text}# EOF\n`, { level: 9 }));
  console.log(`${file}: ${samples.size} series, ${statSync(file).size} bytes`);
}

const asdStepSeconds = 300;
const keptTrainingRows = 28 * 288;
/** The set has no times; any whole day does, since the demo moves its histories to end now. */
const asdStart = Date.parse("2019-01-01T00:00:00Z") / 1000;

function omi(): void {
  const out = join(demo, "omi-9");
  mkdirSync(out, { recursive: true });
  const rows = (name: string): string[] =>
    gunzipSync(readFileSync(join(asd, name)))
      .toString()
      .trim()
      .split("\n");
  const train = rows("omi-9_train.csv.gz");
  const all = [...train.slice(-keptTrainingRows), ...rows("omi-9_test.csv.gz")].map((row) => row.split(","));
  const labels = rows("omi-9_test_label.csv.gz").map(Number);
  const samples = new Map<string, string[]>();
  for (let column = 0; column < all[0]!.length; column++) {
    const name = `server_metric{index="${String(column + 1).padStart(2, "0")}"}`;
    samples.set(
      name,
      all.map((row, index) => `${name} ${row[column]} ${asdStart + index * asdStepSeconds}`),
    );
  }
  writeOpenMetrics(join(out, "history.om.gz"), samples);
  const time = (testRow: number): string =>
    new Date((asdStart + (Math.min(keptTrainingRows, train.length) + testRow) * asdStepSeconds) * 1000).toISOString();
  const labelled: { from: string; to: string }[] = [];
  for (let from = labels.indexOf(1); from >= 0;) {
    const end = labels.indexOf(0, from);
    const to = end < 0 ? labels.length : end;
    labelled.push({ from: time(from), to: time(to) });
    from = labels.indexOf(1, to);
  }
  writeFileSync(
    join(out, "labels.json"),
    `${JSON.stringify({ source: "ASD (InterFusion, KDD 2021), MIT licence, server omi-9", labelled }, undefined, 2)}\n`,
  );
}

await esbuild();
omi();
