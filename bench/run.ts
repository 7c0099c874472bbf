/**
 * `npm run bench`: every speed claim, each variant in fresh processes, order reversed from round to round, rival in the same run.
 * Writes bench/results/DATE-NAME.json (machine, versions, commands, all rounds) and prints medians and ratios.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const shared = process.env["FORETRACE_SHARED"] ?? resolve(root, "..", "shared");
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 7);

type Variant = { name: string; command: string[] };
type Measured = { name: string; command: string; medianSeconds: number; seconds: number[] };

function measure(variants: readonly Variant[]): Measured[] {
  const seconds = new Map(variants.map((variant) => [variant.name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, command } of round % 2 === 0 ? variants : [...variants].reverse()) {
      const started = process.hrtime.bigint();
      const run = spawnSync(command[0]!, command.slice(1), { stdio: ["ignore", "ignore", "pipe"], cwd: root });
      if (run.status !== 0) throw new Error(`${command.join(" ")} ended with ${run.status}: ${run.stderr.toString()}`);
      seconds.get(name)!.push(Number(process.hrtime.bigint() - started) / 1e9);
    }
  }
  return variants.map(({ name, command }) => {
    const all = seconds.get(name)!;
    return { name, command: command.join(" "), medianSeconds: [...all].sort((a, b) => a - b)[all.length >> 1]!, seconds: all };
  });
}

/** Decoding against Go's own reader, on a 9.9 MB trace of 2.05 M events (start-up of both processes included). */
function decode(): { rival: string; variants: Measured[] } | undefined {
  const trace = process.env["BENCH_TRACE"] ?? join(shared, "traces/real/esbuild-0.28.2-go1.26.5-serve-load.trace");
  if (!existsSync(trace)) {
    console.log(`decode: skipped, ${trace} is not there`);
    return undefined;
  }
  const variants: Variant[] = [
    { name: "foretrace decode", command: [process.execPath, join(root, "bench/decode.ts"), trace] },
    { name: "foretrace decode + core series", command: [process.execPath, join(root, "bench/decode.ts"), trace, "--features"] },
  ];
  if (spawnSync("go", ["version"]).status === 0) {
    const rival = join(mkdtempSync(join(tmpdir(), "foretrace-bench-")), "xexptrace");
    execFileSync("go", ["build", "-o", rival, "."], { cwd: join(root, "bench/rivals/xexptrace"), stdio: "inherit" });
    variants.push({ name: "golang.org/x/exp/trace", command: [rival, trace] });
  } else {
    console.log("decode: no go on this machine, so no rival and no ratio");
  }
  return { rival: "golang.org/x/exp/trace", variants: measure(variants) };
}

const result = decode();
if (result !== undefined) {
  const rival = result.variants.find(({ name }) => name === result.rival);
  for (const { name, medianSeconds } of result.variants) {
    const ratio = rival === undefined ? "" : `  ${(rival.medianSeconds / medianSeconds).toFixed(2)} × the rival's rate`;
    console.log(`${name.padEnd(32)} ${(medianSeconds * 1000).toFixed(0).padStart(6)} ms${ratio}`);
  }
  const day = new Date().toISOString().slice(0, 10);
  const go = spawnSync("go", ["version"]).stdout?.toString().trim() ?? "none";
  mkdirSync(join(root, "bench/results"), { recursive: true });
  writeFileSync(
    join(root, `bench/results/${day}-decode.json`),
    `${JSON.stringify(
      { day, machine: { cpu: cpus()[0]!.model, cores: cpus().length }, node: process.version, go, rounds, ...result },
      undefined,
      2,
    )
      .replaceAll(`${root}/`, "")
      .replaceAll(`${shared}/`, "../shared/")}\n`,
  );
}
