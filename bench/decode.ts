/**
 * All events of a trace, in order: `node bench/decode.ts FILE [--features] [--plain]` prints how many there were;
 * --plain reads without the WebAssembly core.
 * bench/run.ts times it as a process of its own, beside bench/rivals/xexptrace.
 */
import { createCoreSeries } from "../src/features/core-series.ts";
import { openBytes } from "../src/sources/bytes.ts";
import type { TraceVisitor } from "../src/trace/model.ts";
import { traceCores } from "../src/sources/trace-core.ts";
import { readTrace } from "../src/trace/read.ts";

const [file, ...options] = process.argv.slice(2);
const withSeries = options.includes("--features");
const core = options.includes("--plain") ? undefined : traceCores;
if (file === undefined) throw new Error("usage: node bench/decode.ts FILE [--features] [--plain]");
if (core?.generations() === undefined && !options.includes("--plain"))
  throw new Error("build/kernels/trace.wasm is not there; make it with: npm run build");
let windows = 0;
const series = createCoreSeries({ windowNanos: 100e6, onWindow: () => void windows++ });
const visitor: TraceVisitor = withSeries ? series : { event() {} };
const { events, error } = await readTrace(openBytes(file, { reuse: true }), visitor, {
  core,
});
if (withSeries) series.finish();
if (error !== undefined) console.error(error.message);
console.log(withSeries ? `${events} events, ${windows} windows` : events);
