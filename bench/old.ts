/**
 * Formats up to Go 1.21: `decode` of bench/run.ts, rival included, on a recording of Go 1.19 (7.8 MB, 1.9 M events),
 * or on those of BENCH_OLD_TRACES, separated by colons.
 */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const shared = process.env["FORETRACE_SHARED"] ?? resolve(root, "..", "shared");
const given = process.env["BENCH_OLD_TRACES"];
const traces = given === undefined ? [join(shared, "traces/real/prometheus-2.42.0-go1.19.8-load5s.trace")] : given.split(":");

for (const trace of traces)
  execFileSync(process.execPath, [join(root, "bench/run.ts"), "decode"], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, BENCH_TRACE: trace },
  });
