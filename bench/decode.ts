/**
 * All events of a trace, in order: `node bench/decode.ts FILE [--features] [--plain] [--events]` prints how many there were
 * and a hash over all fields of all events (tests/helpers/field-hash.ts), which is the same for every way to read.
 * --features computes the core series instead; --plain reads without the WebAssembly core; --events takes events one by one.
 * bench/run.ts times it as a process of its own, beside bench/rivals/xexptrace. The last line is the peak of resident memory in bytes.
 */
import { createCoreSeries } from "../src/features/core-series.ts";
import { openBytes } from "../src/sources/bytes.ts";
import { traceCores } from "../src/sources/trace-core.ts";
import { readTrace } from "../src/trace/read.ts";
import { fieldHash } from "../tests/helpers/field-hash.ts";

const [file, ...options] = process.argv.slice(2);
const core = options.includes("--plain") ? undefined : traceCores;
if (file === undefined) throw new Error("usage: node bench/decode.ts FILE [--features] [--plain] [--events]");
if (core !== undefined && core.generations() === undefined)
  throw new Error("build/kernels/trace.wasm is not there; make it with: npm run build");
const source = openBytes(file, { reuse: true });
if (options.includes("--features")) {
  let windows = 0;
  const series = createCoreSeries({ windowNanos: 100e6, onWindow: () => void windows++ });
  const { events } = await readTrace(source, series, { core });
  series.finish();
  console.log(`${events} events, ${windows} windows`);
} else {
  const hash = fieldHash({ blocks: !options.includes("--events") });
  const { events } = await readTrace(source, hash, { core });
  console.log(`${events} events, hash ${hash.value()}`);
}
console.log(`peak ${process.resourceUsage().maxRSS * 1024}`);
