/**
 * What the ways of the library to the events of a trace cost: `node bench/library.ts [FILE]`, or `npm run bench -- library`.
 * Whole processes, start included, order reversed from round to round, golang.org/x/exp/trace in the same run where there is a go.
 * Writes bench/results/DATE-library-TRACE.json. With `--way NAME` it is one of these processes.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { openBytes, traceCores } from "../src/sources/index.ts";
import { EventKind, readTable, readTrace, tableChunks, traceEvents, type ByteSource } from "../src/trace/index.ts";

const core = traceCores;
/** Each looks at every event, and counts the transitions of goroutines. */
const ways: Record<string, (source: ByteSource) => Promise<number>> = {
  async block(source) {
    let count = 0;
    await readTrace(
      source,
      {
        event: (kind) => void (kind === EventKind.GoTransition && count++),
        block({ words, begin, end }) {
          for (let i = begin; i < end; i += words[i + 2]! >= 256 ? 36 : 12) if ((words[i + 2]! & 255) === EventKind.GoTransition) count++;
        },
      },
      { core },
    );
    return count;
  },
  async visitor(source) {
    let count = 0;
    await readTrace(source, { event: (kind) => void (kind === EventKind.GoTransition && count++) }, { core });
    return count;
  },
  async "visitor, without core"(source) {
    let count = 0;
    await readTrace(source, { event: (kind) => void (kind === EventKind.GoTransition && count++) });
    return count;
  },
  async "chunks of 3 columns"(source) {
    let count = 0;
    for await (const { columns } of tableChunks(source, { core, columns: ["time", "kind", "goroutine"] }))
      for (const kind of columns.kind) if (kind === EventKind.GoTransition) count++;
    return count;
  },
  async "chunks of all columns"(source) {
    let count = 0;
    for await (const { columns } of tableChunks(source, { core }))
      for (const kind of columns.kind) if (kind === EventKind.GoTransition) count++;
    return count;
  },
  async table(source) {
    let count = 0;
    const { columns } = await readTable(source, { core, maxEvents: 1e8 });
    for (const kind of columns.kind) if (kind === EventKind.GoTransition) count++;
    return count;
  },
  async objects(source) {
    let count = 0;
    for await (const event of traceEvents(source, { core })) if (event.kind === EventKind.GoTransition) count++;
    return count;
  },
};

const [first, second, third] = process.argv.slice(2);
if (first === "--way") {
  console.log(await ways[second!]!(openBytes(third!, { reuse: true })), process.resourceUsage().maxRSS);
} else {
  const root = resolve(import.meta.dirname, "..");
  const shared = process.env["FORETRACE_SHARED"] ?? resolve(root, "..", "shared");
  const trace = first ?? join(shared, "traces/real/esbuild-0.28.2-go1.26.5-serve-load.trace");
  const rounds = Number(process.env["BENCH_ROUNDS"] ?? 5);
  const program = join(root, "build/bench/library.js");
  const { build } = await import("esbuild");
  await build({
    entryPoints: [join(root, "bench/library.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["esbuild"],
  });
  const commands: Record<string, string[]> = Object.fromEntries(
    Object.keys(ways).map((way) => [way, [process.execPath, program, "--way", way, trace]]),
  );
  const go = spawnSync("go", ["version"]).stdout?.toString().trim();
  if (go === undefined) console.log("no go on this machine, so no rival");
  else {
    const rival = join(mkdtempSync(join(tmpdir(), "foretrace-bench-")), "xexptrace");
    execFileSync("go", ["build", "-o", rival, "."], { cwd: join(root, "bench/rivals/xexptrace"), stdio: "inherit" });
    commands["golang.org/x/exp/trace"] = [rival, trace];
  }
  const results = Object.keys(commands).map((way) => ({ way, seconds: [] as number[], cpuSeconds: [] as number[], peakMegabytes: 0 }));
  for (let round = 0; round < rounds; round++) {
    for (const result of round % 2 === 0 ? results : results.toReversed()) {
      const run = spawnSync("bash", ["-c", 'TIMEFORMAT="%R %U %S"; time "$@"', "bash", ...commands[result.way]!], { encoding: "utf8" });
      if (run.status !== 0) throw new Error(`${result.way}: ${run.stderr}`);
      const [wall, user, system] = run.stderr.trim().split("\n").at(-1)!.split(" ").map(Number) as [number, number, number];
      result.seconds.push(wall);
      result.cpuSeconds.push(Number((user + system).toFixed(3)));
      if (result.way in ways)
        result.peakMegabytes = Math.max(result.peakMegabytes, Math.round((Number(run.stdout.split(" ")[1]) * 1024) / 1e6));
    }
  }
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  const visitor = median(results.find(({ way }) => way === "visitor")!.cpuSeconds);
  for (const { way, seconds, cpuSeconds, peakMegabytes } of results) {
    const [wall, cpu] = [median(seconds), median(cpuSeconds)];
    console.log(
      `${way.padEnd(24)} ${wall.toFixed(2).padStart(6)} s, CPU ${cpu.toFixed(2).padStart(6)} s, ${(cpu / visitor).toFixed(2).padStart(5)} × the visitor's${peakMegabytes > 0 ? `, ${peakMegabytes} MB` : ""}`,
    );
  }
  const day = new Date().toISOString().slice(0, 10);
  const name = basename(trace);
  const machine = { cpu: cpus()[0]!.model, cores: cpus().length };
  const report = { day, machine, node: process.version, go: go ?? "none", rounds, trace: name, bytes: statSync(trace).size, results };
  mkdirSync(join(root, "bench/results"), { recursive: true });
  writeFileSync(
    join(root, `bench/results/${day}-library-${name.replace(/\.trace$/, "")}.json`),
    `${JSON.stringify(report, undefined, 2)}\n`,
  );
}
