/**
 * `analyze --format csv` by one thread and by several, whole processes by the clock, the order reversed from round to round. The answers
 * must be equal to the byte. It takes a machine that does nothing else: the load of before and after stands in the result.
 * `BENCH_TRACE=FILE node bench/threads.ts`; bench/run.ts runs it too.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const trace = process.env["BENCH_TRACE"];
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 7);
const leastBytes = 16e6;
const gnuTime = "/usr/bin/time";

type Run = { threads: number; seconds: number[]; cpuSeconds: number[]; peakBytes: number | null; sha256: string };
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** As the package runs: without types to strip. */
async function bundled(): Promise<string> {
  const outdir = join(root, "build/bench");
  await build({
    entryPoints: [join(root, "src/cli/main.ts"), join(root, "src/cli/threads/part-worker.ts")],
    outdir,
    entryNames: "[name]",
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  return join(outdir, "main.js");
}

function measure(program: string, file: string, run: Run, out: string): void {
  const command = [process.execPath, program, "analyze", "--format", "csv", "--threads", String(run.threads), "--out", out, file];
  const whole = existsSync(gnuTime) ? [gnuTime, "-f", "peak %M", ...command] : command;
  const child = spawnSync("bash", ["-c", 'TIMEFORMAT="%R %U %S"; time "$@"', "bash", ...whole], { stdio: ["ignore", "ignore", "pipe"] });
  const said = child.stderr.toString().trim();
  if (child.status !== 0 && child.status !== 3) throw new Error(`${command.join(" ")} ended with ${child.status}: ${said}`);
  const [wall, user, system] = said.split("\n").at(-1)!.split(" ").map(Number) as [number, number, number];
  run.seconds.push(wall);
  run.cpuSeconds.push(Number((user + system).toFixed(3)));
  const peak = /^peak (\d+)$/m.exec(said);
  if (peak !== null) run.peakBytes = Math.max(run.peakBytes ?? 0, Number(peak[1]) * 1024);
  run.sha256 = createHash("sha256").update(readFileSync(out)).digest("hex");
}

async function bench(file: string): Promise<void> {
  const program = await bundled();
  const folder = mkdtempSync(join(tmpdir(), "foretrace-bench-"));
  const counts = [...new Set([1, 2, Math.min(4, cpus().length)])].sort((one, two) => one - two);
  const runs = counts.map((threads): Run => ({ threads, seconds: [], cpuSeconds: [], peakBytes: null, sha256: "" }));
  const before = loadavg()[0]!;
  for (let round = 0; round < rounds; round++) {
    for (const run of round % 2 === 0 ? runs : runs.toReversed()) measure(program, file, run, join(folder, "series.csv"));
  }
  rmSync(folder, { recursive: true });
  if (new Set(runs.map(({ sha256 }) => sha256)).size !== 1) throw new Error("threads: the answers are not equal");
  const one = median(runs[0]!.seconds);
  const variants = runs.map((run) => ({
    ...run,
    medianSeconds: median(run.seconds),
    medianCpuSeconds: median(run.cpuSeconds),
    ratio: Number((one / median(run.seconds)).toFixed(2)),
  }));
  console.log(
    `${basename(file)}: ${(statSync(file).size / 1e6).toFixed(1)} MB; ${rounds} rounds; load ${before.toFixed(1)} before; CSV equal`,
  );
  for (const { threads, medianSeconds, medianCpuSeconds, ratio, peakBytes } of variants) {
    const peak = peakBytes === null ? "" : `, peak ${(peakBytes / 1e6).toFixed(0)} MB`;
    console.log(
      `--threads ${threads}  ${(medianSeconds * 1000).toFixed(0).padStart(6)} ms (CPU ${(medianCpuSeconds * 1000).toFixed(0)} ms${peak})  ${ratio} × one thread's rate`,
    );
  }
  const day = new Date().toISOString().slice(0, 10);
  mkdirSync(join(root, "bench/results"), { recursive: true });
  const result = {
    day,
    machine: { cpu: cpus()[0]!.model, cores: cpus().length },
    node: process.version,
    load: { before, after: loadavg()[0]! },
    rounds,
    command: "foretrace analyze --format csv --threads N",
    trace: basename(file),
    bytes: statSync(file).size,
    variants,
  };
  const name = `${day}-threads-${basename(file).replace(/\.trace$/, "")}.json`;
  writeFileSync(join(root, "bench/results", name), `${JSON.stringify(result, undefined, 2)}\n`);
}

if (trace === undefined || !existsSync(trace) || statSync(trace).size < leastBytes) {
  console.log("threads: skipped; name a trace of at least 16 MB (Go 1.22 or later) by BENCH_TRACE, see ../shared/tools/make-big-trace.sh");
} else await bench(trace);
