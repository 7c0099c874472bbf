/**
 * All events of a trace, in order: `node bench/decode.ts FILE [--features]` prints how many there were.
 * bench/run.ts times it as a process of its own, beside bench/rivals/xexptrace.
 */
import { createCoreSeries } from "../src/features/core-series.ts";
import { openBytes } from "../src/sources/bytes.ts";
import type { TraceVisitor } from "../src/trace/model.ts";
import { traceCore } from "../src/sources/trace-core.ts";
import { readTrace } from "../src/trace/read.ts";

const [file, option] = process.argv.slice(2);
if (file === undefined) throw new Error("usage: node bench/decode.ts FILE [--features]");
let windows = 0;
const series = createCoreSeries({ windowNanos: 100e6, onWindow: () => void windows++ });
const visitor: TraceVisitor = option === "--features" ? series : { event() {} };
const { events, error } = await readTrace(openBytes(file), visitor, { core: process.argv.includes("--plain") ? undefined : traceCore() });
if (option === "--features") series.finish();
if (error !== undefined) console.error(error.message);
console.log(option === "--features" ? `${events} events, ${windows} windows` : events);
