/** Memory for formats of Go 1.11–1.21, which have to be sorted as a whole: below four times the file, also where goroutines abound. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, openSync, closeSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { repoRoot } from "../helpers/cli.ts";
import { oldTrace } from "./old-text.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-memory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A goroutine that makes others, each of which wakes it and ends; system calls and heap sizes between. */
function writeBig(path: string, megabytes: number): void {
  const file = openSync(path, "w");
  const start = `Batch 0 1000000; GoCreate 1 1 1 0; ProcStart 1 5; GoStart 1 1 1; Gomaxprocs 1 1 1`;
  writeSync(file, oldTrace(19, start));
  let goroutine = 1;
  for (let written = 0; written < megabytes * 1e6;) {
    const rows = Array.from({ length: 2000 }, () => {
      const id = ++goroutine;
      const calls = `GoSysCall 90 1; HeapAlloc 120 4194304; GoSysCall 70 2; GoSched 60 1; GoStartLocal 45 1; HeapAlloc 80 8388608`;
      return `GoCreate 50 ${id} 2 1; GoBlockRecv 30 2; GoStartLocal 40 ${id}; GoUnblockLocal 20 1 1; GoEnd 9; GoStartLocal 31 1; ${calls}`;
    });
    const body = oldTrace(19, rows.join(";")).subarray(16);
    writeSync(file, body);
    written += body.length;
  }
  const tables = 'Frequency 1000000000; String 1 "main.f"; String 2 "main.go"; Stack 1 1 4096 1 2 10; Stack 2 1 4097 1 2 20';
  writeSync(file, oldTrace(19, tables).subarray(16));
  closeSync(file);
}

const measuring = `
  import { openBytes } from "./src/sources/bytes.ts";
  import { createCoreSeries } from "./src/features/core-series.ts";
  import { readTrace } from "./src/trace/read.ts";
  let windows = 0;
  const series = createCoreSeries({ windowNanos: 1e7, onWindow: () => windows++ });
  const { events, error } = await readTrace(openBytes(process.argv[1]), series);
  series.finish();
  console.log(JSON.stringify({ events, error: error?.message, windows, kilobytes: process.resourceUsage().maxRSS }));
`;

describe("a trace of 60 MB with a goroutine for every 48 bytes", () => {
  test("is read with its series in less than four times its size, Node apart", { timeout: 300_000 }, () => {
    const path = join(folder, "big.trace");
    writeBig(path, 60);
    const run = (file: string): { events: number; error?: string; windows: number; kilobytes: number } => {
      const args = ["--input-type=module-typescript", "--eval", measuring, file];
      const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: repoRoot, encoding: "utf8" });
      expect(stderr).toBe("");
      return JSON.parse(stdout) as never;
    };
    const node = run(resolve(import.meta.dirname, "../fixtures/traces/go119-scenario-tasks.trace")).kilobytes;
    const big = run(path);
    expect(big.error).toBeUndefined();
    expect(big.events).toBeGreaterThan(10_000_000);
    expect(big.windows).toBeGreaterThan(50);
    const times = ((big.kilobytes - node) * 1024) / statSync(path).size;
    console.log(`${big.events} events, ${times.toFixed(2)} times the file beyond Node's ${Math.round(node / 1024)} MB`);
    expect(times).toBeLessThan(4);
  });
});
