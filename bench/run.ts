/**
 * `npm run bench [-- decode|library|lstm]`: every speed claim, each variant in fresh processes, order reversed from round to round, rival in the same run.
 * Writes bench/results/DATE-NAME.json (machine, versions, commands, all rounds) and prints medians and ratios.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const shared = process.env["FORETRACE_SHARED"] ?? resolve(root, "..", "shared");
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 7);

type Variant = { name: string; command: string[] };
/** `seconds` of the clock, `cpuSeconds` of user and system: a claim on a shared machine rests on the second. */
type Measured = { name: string; command: string; medianSeconds: number; medianCpuSeconds: number; seconds: number[]; cpuSeconds: number[] };

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** The shell's own clock of a child: nothing in Node tells a child's processor time. */
const timed = 'TIMEFORMAT="%R %U %S"; time "$@"';

function measure(variants: readonly Variant[]): Measured[] {
  const all = new Map(variants.map(({ name }) => [name, { seconds: [] as number[], cpuSeconds: [] as number[] }]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, command } of round % 2 === 0 ? variants : [...variants].reverse()) {
      const run = spawnSync("bash", ["-c", timed, "bash", ...command], { stdio: ["ignore", "ignore", "pipe"], cwd: root });
      const said = run.stderr.toString().trim();
      if (run.status !== 0) throw new Error(`${command.join(" ")} ended with ${run.status}: ${said}`);
      const [wall, user, system] = said.split("\n").at(-1)!.split(" ").map(Number) as [number, number, number];
      all.get(name)!.seconds.push(wall);
      all.get(name)!.cpuSeconds.push(Number((user + system).toFixed(3)));
    }
  }
  return variants.map(({ name, command }) => {
    const { seconds, cpuSeconds } = all.get(name)!;
    // Names only: where the files lie on this machine says nothing.
    return {
      name,
      command: command.map((part) => basename(part)).join(" "),
      medianSeconds: median(seconds),
      medianCpuSeconds: median(cpuSeconds),
      seconds,
      cpuSeconds,
    };
  });
}

/**
 * Decoding against Go's own reader, whole processes, start-up included: on a 9.9 MB trace of 2.05 M events, or on the one of BENCH_TRACE.
 * Ours runs as JavaScript, as the package does: a checkout would also be timed for stripping types.
 */
async function decode(): Promise<{ rival: string; trace: string; bytes: number; variants: Measured[] } | undefined> {
  const trace = process.env["BENCH_TRACE"] ?? join(shared, "traces/real/esbuild-0.28.2-go1.26.5-serve-load.trace");
  if (!existsSync(trace)) {
    console.log(`decode: skipped, ${trace} is not there`);
    return undefined;
  }
  // Two folders below the root, where the loader finds build/kernels from.
  const program = join(root, "build/bench/decode.js");
  await build({ entryPoints: [join(root, "bench/decode.ts")], outfile: program, bundle: true, platform: "node", format: "esm" });
  const ours = [process.execPath, program, trace];
  const variants: Variant[] = [
    { name: "foretrace decode", command: ours },
    { name: "foretrace decode, without core", command: [...ours, "--plain"] },
    { name: "foretrace decode + core series", command: [...ours, "--features"] },
  ];
  if (spawnSync("go", ["version"]).status === 0) {
    const rival = join(mkdtempSync(join(tmpdir(), "foretrace-bench-")), "xexptrace");
    execFileSync("go", ["build", "-o", rival, "."], { cwd: join(root, "bench/rivals/xexptrace"), stdio: "inherit" });
    variants.push({ name: "golang.org/x/exp/trace", command: [rival, trace] });
  } else {
    console.log("decode: no go on this machine, so no rival and no ratio");
  }
  return { rival: "golang.org/x/exp/trace", trace: basename(trace), bytes: statSync(trace).size, variants: measure(variants) };
}

/** Names on the command line (`npm run bench -- lstm`); all without one. */
const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

const result = isWanted("decode") ? await decode() : undefined;
if (result !== undefined) {
  const rival = result.variants.find(({ name }) => name === result.rival);
  for (const { name, medianSeconds, medianCpuSeconds } of result.variants) {
    const ratio =
      rival === undefined
        ? ""
        : `  ${(rival.medianSeconds / medianSeconds).toFixed(2)} × the rival's rate by the clock, ${(rival.medianCpuSeconds / medianCpuSeconds).toFixed(2)} × by CPU`;
    const millis = (seconds: number): string => `${(seconds * 1000).toFixed(0).padStart(6)} ms`;
    console.log(`${name.padEnd(32)} ${millis(medianSeconds)} (CPU ${millis(medianCpuSeconds)})${ratio}`);
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
if (isWanted("library")) execFileSync(process.execPath, [join(root, "bench/library.ts")], { cwd: root, stdio: "inherit" });
if (isWanted("lstm")) {
  console.log("lstm: about eight minutes");
  execFileSync(process.execPath, [join(root, "bench/lstm.ts")], { cwd: root, stdio: "inherit" });
}
