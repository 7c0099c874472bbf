/**
 * `npm run bench [-- decode|old|slice|library|threads|lstm]`: every speed claim, each variant in fresh processes, order reversed from round to round, rival in the same run.
 * Writes bench/results/DATE-NAME.json (machine, versions, commands, all rounds) and prints medians and ratios.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const shared = process.env["FORETRACE_SHARED"] ?? resolve(root, "..", "shared");
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 7);

/** `inside`: the program says its peak of memory itself. */
type Variant = { name: string; command: string[]; inside: boolean };
/** `seconds` of the clock, `cpuSeconds` of user and system: a claim on a shared machine rests on the second. `said`: what it printed. */
type Measured = {
  name: string;
  command: string;
  medianSeconds: number;
  medianCpuSeconds: number;
  peakBytes: number | null;
  said: string;
  seconds: number[];
  cpuSeconds: number[];
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** The shell's own clock of a child: nothing in Node tells a child's processor time. */
const timed = 'TIMEFORMAT="%R %U %S"; time "$@"';
const gnuTime = "/usr/bin/time";

function measure(variants: readonly Variant[]): Measured[] {
  const all = new Map(
    variants.map(({ name }) => [name, { seconds: [] as number[], cpuSeconds: [] as number[], peaks: [] as number[], said: "" }]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const { name, command, inside } of round % 2 === 0 ? variants : [...variants].reverse()) {
      const whole = inside || !existsSync(gnuTime) ? command : [gnuTime, "-f", "peak %MKiB", ...command];
      const run = spawnSync("bash", ["-c", timed, "bash", ...whole], { cwd: root, maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });
      const told = run.stderr.toString().trim();
      // 3: the trace breaks off, which a recording that was stopped does.
      if (run.status !== 0 && run.status !== 3) throw new Error(`${command.join(" ")} ended with ${run.status}: ${told}`);
      const [wall, user, system] = told.split("\n").at(-1)!.split(" ").map(Number) as [number, number, number];
      const measured = all.get(name)!;
      measured.seconds.push(wall);
      measured.cpuSeconds.push(Number((user + system).toFixed(3)));
      const output = run.stdout.toString();
      const peak = /^peak (\d+)(KiB)?$/m.exec(inside ? output : told);
      if (peak !== null) measured.peaks.push(Number(peak[1]) * (peak[2] === undefined ? 1 : 1024));
      measured.said = inside ? output.split("\n")[0]! : "";
    }
  }
  return variants.map(({ name, command }) => {
    const { seconds, cpuSeconds, peaks, said } = all.get(name)!;
    // Names only: where the files lie on this machine says nothing.
    return {
      name,
      command: command.map((part) => basename(part)).join(" "),
      medianSeconds: median(seconds),
      medianCpuSeconds: median(cpuSeconds),
      peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
      said,
      seconds,
      cpuSeconds,
    };
  });
}

type Result = { rival: string; baseline: string; trace: string; bytes: number; variants: Measured[] };
const rivalName = "golang.org/x/exp/trace";

/** The rival's figures of the newest stored result for the trace, where the rival cannot be built. */
function stored(trace: string): { file: string; rival: Measured } | undefined {
  const folder = join(root, "bench/results");
  const files = readdirSync(folder).filter((file) => file.endsWith(`-decode-${trace.replace(/\.trace$/, "")}.json`));
  for (const file of files.sort().reverse()) {
    const { variants } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Result;
    const rival = variants.find(({ name }) => name === rivalName);
    if (rival !== undefined) return { file, rival };
  }
  return undefined;
}

/**
 * Decoding against Go's own reader, whole processes, start-up included: on a 9.9 MB trace of 2.05 M events, or on the one of BENCH_TRACE.
 * Ours runs as JavaScript, as the package does: a checkout would also be timed for stripping types.
 */
async function decode(): Promise<Result | undefined> {
  const trace = process.env["BENCH_TRACE"] ?? join(shared, "traces/real/esbuild-0.28.2-go1.26.5-serve-load.trace");
  if (!existsSync(trace)) {
    console.log(`decode: skipped, ${trace} is not there`);
    return undefined;
  }
  // Two folders below the root, where the loader finds build/kernels from.
  const outdir = join(root, "build/bench");
  await build({
    entryPoints: [join(root, "bench/decode.ts"), join(root, "src/cli/main.ts")],
    outdir,
    entryNames: "[name]",
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  const ours = [process.execPath, join(outdir, "decode.js"), trace];
  const variants: Variant[] = [
    { name: "foretrace decode", command: ours, inside: true },
    { name: "foretrace decode, event by event", command: [...ours, "--events"], inside: true },
    { name: "foretrace decode, without core", command: [...ours, "--plain"], inside: true },
    { name: "foretrace decode + core series", command: [...ours, "--features"], inside: true },
    {
      name: "foretrace analyze --format csv",
      command: [process.execPath, join(outdir, "main.js"), "analyze", "--format", "csv", "--out", "/dev/null", trace],
      inside: false,
    },
  ];
  let baseline = "same run";
  if (spawnSync("go", ["version"]).status === 0) {
    const rival = join(mkdtempSync(join(tmpdir(), "foretrace-bench-")), "xexptrace");
    execFileSync("go", ["build", "-o", rival, "."], { cwd: join(root, "bench/rivals/xexptrace"), stdio: "inherit" });
    variants.push({ name: rivalName, command: [rival, trace], inside: true });
  }
  const measured = measure(variants);
  const hashes = new Set(measured.map(({ said }) => said).filter((said) => said.includes("hash")));
  if (hashes.size !== 1) throw new Error(`decode: the ways to read do not agree: ${[...hashes].join("; ")}`);
  if (variants.at(-1)!.name !== rivalName) {
    const before = stored(basename(trace));
    if (before !== undefined) measured.push(before.rival);
    baseline = before === undefined ? "none: no go on this machine, and no stored result for this trace" : `stored: ${before.file} (no go on this machine)`; // prettier-ignore
  }
  return { rival: rivalName, baseline, trace: basename(trace), bytes: statSync(trace).size, variants: measured };
}

/** Names on the command line (`npm run bench -- lstm`); all without one. */
const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

const result = isWanted("decode") ? await decode() : undefined;
if (result !== undefined) {
  const rival = result.variants.find(({ name }) => name === result.rival);
  console.log(`${result.trace}: ${(result.bytes / 1e6).toFixed(1)} MB; ${rounds} rounds; ratios to ${result.rival}, ${result.baseline}`);
  for (const { name, medianSeconds, medianCpuSeconds, peakBytes, said } of result.variants) {
    const ratio =
      rival === undefined
        ? ""
        : `  ${(rival.medianSeconds / medianSeconds).toFixed(2)} × the rival's rate by the clock, ${(rival.medianCpuSeconds / medianCpuSeconds).toFixed(2)} × by CPU`;
    const millis = (seconds: number): string => `${(seconds * 1000).toFixed(0).padStart(6)} ms`;
    const peak = peakBytes === null ? "" : `, peak ${(peakBytes / 1e6).toFixed(0)} MB`;
    console.log(`${name.padEnd(33)} ${millis(medianSeconds)} (CPU ${millis(medianCpuSeconds)}${peak})${ratio}  ${said}`);
  }
  const day = new Date().toISOString().slice(0, 10);
  const go = spawnSync("go", ["version"]).stdout?.toString().trim() ?? "none";
  mkdirSync(join(root, "bench/results"), { recursive: true });
  writeFileSync(
    join(root, `bench/results/${day}-decode-${result.trace.replace(/\.trace$/, "")}.json`),
    `${JSON.stringify(
      { day, machine: { cpu: cpus()[0]!.model, cores: cpus().length }, node: process.version, go, rounds, ...result },
      undefined,
      2,
    )}\n`,
  );
}
if (isWanted("diagnose")) execFileSync(process.execPath, [join(root, "bench/diagnose.ts")], { cwd: root, stdio: "inherit" });
if (isWanted("slice")) execFileSync(process.execPath, [join(root, "bench/slice.ts")], { cwd: root, stdio: "inherit" });
if (isWanted("old")) execFileSync(process.execPath, [join(root, "bench/old.ts")], { cwd: root, stdio: "inherit" });
if (isWanted("library")) execFileSync(process.execPath, [join(root, "bench/library.ts")], { cwd: root, stdio: "inherit" });
if (isWanted("threads")) execFileSync(process.execPath, [join(root, "bench/threads.ts")], { cwd: root, stdio: "inherit" });
if (isWanted("lstm")) {
  console.log("lstm: about eight minutes");
  execFileSync(process.execPath, [join(root, "bench/lstm.ts")], { cwd: root, stdio: "inherit" });
}
