/**
 * `analyze` with everything on (summary, diagnosis, findings; in JSON with all core and wide series of every window) against Go's own reader
 * that does nothing with the events: whole processes, by the clock and by CPU time, the order reversed from round to round.
 * `node bench/diagnose.ts`, on a 9.9 MB trace or on the one of BENCH_TRACE; bench/run.ts runs it too.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const shared = process.env["FORETRACE_SHARED"] ?? resolve(root, "..", "shared");
const trace = process.env["BENCH_TRACE"] ?? join(shared, "traces/real/esbuild-0.28.2-go1.26.5-serve-load.trace");
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 7);
const gnuTime = "/usr/bin/time";
const rivalName = "golang.org/x/exp/trace";

/** `answer` is the file it writes; the rival writes none. */
type Run = {
  name: string;
  command: string[];
  answer: string | undefined;
  seconds: number[];
  cpuSeconds: number[];
  peaks: number[];
  hashes: Set<string>;
};
const median = (values: readonly number[]): number => [...values].sort((one, two) => one - two)[values.length >> 1]!;

/** As the package runs: without types to strip. */
async function bundled(): Promise<string> {
  const outdir = join(root, "build/bench");
  await build({
    entryPoints: [join(root, "src/cli/main.ts")],
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

function measure(run: Run): void {
  const whole = existsSync(gnuTime) ? [gnuTime, "-f", "peak %MKiB", ...run.command] : run.command;
  const child = spawnSync("bash", ["-c", 'TIMEFORMAT="%R %U %S"; time "$@"', "bash", ...whole], { stdio: ["ignore", "pipe", "pipe"] });
  const told = child.stderr.toString().trim();
  // 3: the trace breaks off, which a recording that was stopped does.
  if (child.status !== 0 && child.status !== 3) throw new Error(`${run.command.join(" ")} ended with ${child.status}: ${told}`);
  const [wall, user, system] = told.split("\n").at(-1)!.split(" ").map(Number) as [number, number, number];
  run.seconds.push(wall);
  run.cpuSeconds.push(Number((user + system).toFixed(3)));
  // The rival says its peak itself.
  const peak = /^peak (\d+)(KiB)?$/m.exec(`${told}\n${child.stdout.toString()}`);
  if (peak !== null) run.peaks.push(Number(peak[1]) * (peak[2] === undefined ? 1 : 1024));
  if (run.answer !== undefined) run.hashes.add(createHash("sha256").update(readFileSync(run.answer)).digest("hex"));
}

async function bench(): Promise<void> {
  const program = await bundled();
  const folder = mkdtempSync(join(tmpdir(), "foretrace-bench-"));
  const ours = (name: string, ...options: string[]): Run => {
    const answer = join(folder, `${options.length}.answer`);
    const command = [process.execPath, program, "analyze", ...options, "--out", answer, trace];
    return { name, command, answer, seconds: [], cpuSeconds: [], peaks: [], hashes: new Set() };
  };
  const runs = [ours("foretrace analyze"), ours("foretrace analyze --format json --series all", "--format", "json", "--series", "all")];
  if (spawnSync("go", ["version"]).status === 0) {
    const rival = join(folder, "xexptrace");
    execFileSync("go", ["build", "-o", rival, "."], { cwd: join(root, "bench/rivals/xexptrace"), stdio: "inherit" });
    runs.push({ name: rivalName, command: [rival, trace], answer: undefined, seconds: [], cpuSeconds: [], peaks: [], hashes: new Set() });
  }
  const before = loadavg()[0]!;
  for (let round = 0; round < rounds; round++) for (const run of round % 2 === 0 ? runs : runs.toReversed()) measure(run);
  rmSync(folder, { recursive: true });
  for (const { name, hashes } of runs) if (hashes.size > 1) throw new Error(`diagnose: ${name} gave different answers`);
  const rival = runs.find(({ name }) => name === rivalName);
  const variants = runs.map(({ name, command, seconds, cpuSeconds, peaks }) => ({
    name,
    command: command.map((part) => basename(part)).join(" "),
    medianSeconds: median(seconds),
    medianCpuSeconds: median(cpuSeconds),
    peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
    /** Of the rival's rate. */
    ratio: rival === undefined ? null : Number((median(rival.seconds) / median(seconds)).toFixed(2)),
    cpuRatio: rival === undefined ? null : Number((median(rival.cpuSeconds) / median(cpuSeconds)).toFixed(2)),
    seconds,
    cpuSeconds,
  }));
  console.log(
    `${basename(trace)}: ${(statSync(trace).size / 1e6).toFixed(1)} MB; ${rounds} rounds; load ${before.toFixed(1)} before` +
      (rival === undefined ? "; no go on this machine, so nothing to compare with" : ""),
  );
  for (const { name, medianSeconds, medianCpuSeconds, peakBytes, ratio, cpuRatio } of variants) {
    const millis = (seconds: number): string => `${(seconds * 1000).toFixed(0).padStart(6)} ms`;
    const peak = peakBytes === null ? "" : `, peak ${(peakBytes / 1e6).toFixed(0)} MB`;
    const against = ratio === null ? "" : `  ${ratio} × the rival's rate by the clock, ${cpuRatio} × by CPU`;
    console.log(`${name.padEnd(44)} ${millis(medianSeconds)} (CPU ${millis(medianCpuSeconds)}${peak})${against}`);
  }
  const day = new Date().toISOString().slice(0, 10);
  const go = spawnSync("go", ["version"]).stdout?.toString().trim() ?? "none";
  const load = { before, after: loadavg()[0]! };
  const machine = { cpu: cpus()[0]!.model, cores: cpus().length };
  const result = {
    day,
    machine,
    node: process.version,
    go,
    load,
    rounds,
    rival: rivalName,
    trace: basename(trace),
    bytes: statSync(trace).size,
    variants,
  };
  mkdirSync(join(root, "bench/results"), { recursive: true });
  const file = `${day}-diagnose-${basename(trace).replace(/\.trace$/, "")}.json`;
  writeFileSync(join(root, "bench/results", file), `${JSON.stringify(result, undefined, 2)}\n`);
}

if (existsSync(trace)) await bench();
else console.log(`diagnose: skipped, ${trace} is not there`);
