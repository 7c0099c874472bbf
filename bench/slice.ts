/**
 * A second out of a trace: `node bench/slice.ts [FILE]`, or `npm run bench -- slice` (BENCH_TRACE names the file).
 * Whole processes of bin/foretrace, start included, order reversed from round to round; beside them golang.org/x/exp/trace reading the file,
 * which is the only way to a moment that it has. Writes bench/results/DATE-slice-TRACE.json.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const shared = process.env["FORETRACE_SHARED"] ?? resolve(root, "..", "shared");
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 7);
const trace = resolve(
  process.argv[2] ?? process.env["BENCH_TRACE"] ?? join(shared, "traces/real/esbuild-0.28.2-go1.26.5-serve-load.trace"),
);
if (!existsSync(trace)) {
  console.log(`slice: skipped, ${trace} is not there`);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "foretrace-bench-slice-"));
const [plain, indexed] = [join(folder, "plain.trace"), join(folder, "indexed.trace")];
for (const name of [plain, indexed]) symlinkSync(trace, name);
const foretrace = join(root, "bin/foretrace");
const made = spawnSync(foretrace, ["index", indexed], { encoding: "utf8" });
if (!existsSync(`${indexed}.fti`)) throw new Error(made.stderr);
console.log(made.stdout.trim());

const out = (name: string): string => join(folder, `${name}.slice`);
/** A second from the middle on. */
const end = Number(/"end":(\d+)/.exec(execFileSync("head", ["-c", "2000", `${indexed}.fti`], { encoding: "utf8" }))![1]);
const range = ["--from", `${Math.floor(end / 2)}ns`, "--to", `${Math.floor(end / 2) + 1e9}ns`];
const variants = [
  { name: "slice, with index", command: [foretrace, "slice", indexed, ...range, "--out", out("indexed")], statuses: [0] },
  { name: "slice, without index", command: [foretrace, "slice", plain, ...range, "--out", out("plain")], statuses: [0] },
  { name: "index", command: [foretrace, "index", plain, "--out", out("index")], statuses: [0, 3] },
];
if (spawnSync("go", ["version"]).status === 0) {
  const rival = join(folder, "xexptrace");
  execFileSync("go", ["build", "-o", rival, "."], { cwd: join(root, "bench/rivals/xexptrace"), stdio: "inherit" });
  variants.push({ name: "golang.org/x/exp/trace, whole file", command: [rival, trace], statuses: [0] });
} else console.log("slice: no go on this machine, so no rival and no ratio");

const timed = 'TIMEFORMAT="%R %U %S"; time "$@"';
const all = variants.map(({ name }) => ({ name, seconds: [] as number[], cpuSeconds: [] as number[] }));
for (let round = 0; round < rounds; round++) {
  for (const i of round % 2 === 0 ? variants.keys() : [...variants.keys()].reverse()) {
    const { command, statuses } = variants[i]!;
    const run = spawnSync("bash", ["-c", timed, "bash", ...command], { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    if (!statuses.includes(run.status ?? -1)) throw new Error(`${command.join(" ")} ended with ${run.status}: ${run.stderr}`);
    const [wall, user, system] = run.stderr.trim().split("\n").at(-1)!.split(" ").map(Number) as [number, number, number];
    all[i]!.seconds.push(wall);
    all[i]!.cpuSeconds.push(Number((user + system).toFixed(3)));
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const results = all.map(({ name, seconds, cpuSeconds }, i) => ({
  name,
  command: variants[i]!.command.map((part) => basename(part)).join(" "),
  medianSeconds: median(seconds),
  medianCpuSeconds: median(cpuSeconds),
  seconds,
  cpuSeconds,
}));
for (const { name, medianSeconds, medianCpuSeconds } of results)
  console.log(
    `${name.padEnd(36)} ${(medianSeconds * 1000).toFixed(0).padStart(6)} ms (CPU ${(medianCpuSeconds * 1000).toFixed(0).padStart(6)} ms)`,
  );
const same = spawnSync("cmp", [out("indexed"), out("plain")]).status === 0;
console.log(`slices with and without index: ${same ? "the same bytes" : "DIFFERENT"}, ${statSync(out("indexed")).size} bytes`);

const day = new Date().toISOString().slice(0, 10);
mkdirSync(join(root, "bench/results"), { recursive: true });
writeFileSync(
  join(root, `bench/results/${day}-slice-${basename(trace).replace(/\.trace$/, "")}.json`),
  `${JSON.stringify(
    {
      day,
      machine: { cpu: cpus()[0]!.model, cores: cpus().length },
      node: process.version,
      go: spawnSync("go", ["version"]).stdout?.toString().trim() ?? "none",
      rounds,
      trace: basename(trace),
      bytes: statSync(trace).size,
      indexBytes: statSync(`${indexed}.fti`).size,
      sliceBytes: statSync(out("indexed")).size,
      same,
      variants: results,
    },
    undefined,
    2,
  )}\n`,
);
rmSync(folder, { recursive: true });
if (!same) process.exit(1);
