/** Memory for formats from Go 1.22 on: one generation, not the file. Whole `foretrace analyze` processes on traces of large generations. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { repoRoot } from "../helpers/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-memory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const none = 2n ** 64n - 1n;
const payloadBytes = 60_000;
const stackShare = 0.05;

function varints(...values: (number | bigint)[]): number[] {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = BigInt(value);
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
  }
  return bytes;
}

/** Batches of stacks of ten frames, of so many bytes in all; they name strings 1 and 2. */
function stackBatches(bytes: number): Uint8Array[] {
  const batches: Uint8Array[] = [];
  let id = 1;
  for (let written = 0; written < bytes;) {
    const payload = [2];
    while (payload.length < payloadBytes) {
      const frames = Array.from({ length: 10 }, (_, frame) => [0x400000 + id * 16 + frame, 1, 2, frame + 1]).flat();
      payload.push(3, ...varints(id++, 10, ...frames));
    }
    batches.push(Uint8Array.from(payload));
    written += payload.length;
  }
  return batches;
}

/** Writes a Go 1.23 trace: a goroutine that runs and allocates, in generations of so many bytes, one of twenty of them stacks. */
function writeTrace(path: string, generations: number, generationBytes: number): number {
  const file = openSync(path, "w");
  const batch = (generation: number, thread: number | bigint, time: number, payload: Uint8Array): number =>
    writeSync(file, Buffer.concat([Uint8Array.from([1, ...varints(generation, thread, time, payload.length)]), payload]));
  const stacks = stackBatches(generationBytes * stackShare);
  const allocations = Uint8Array.from(Array.from({ length: payloadBytes / 6 }, () => [37, 1, ...varints(50_000_000)]).flat());
  const strings = Uint8Array.from([4, 5, ...varints(1, 6), ...Buffer.from("main.f"), 5, ...varints(2, 7), ...Buffer.from("main.go")]);
  let total = writeSync(file, Buffer.from("go 1.23 trace\0\0\0", "latin1"));
  let time = 1_000_000;
  for (let generation = 1; generation <= generations; generation++) {
    const end = total + generationBytes;
    total += batch(generation, none, time, Uint8Array.from([8, ...varints(1_000_000_000)]));
    total += batch(generation, none, time, strings);
    for (const payload of stacks) total += batch(generation, none, time, payload);
    total += batch(generation, 0, time, Uint8Array.from([13, ...varints(1, 0, 1), 25, ...varints(1, 1, 0, 2)]));
    for (; total < end; time += 20_000) total += batch(generation, 0, time + 10_000, allocations);
  }
  closeSync(file);
  return total;
}

function analyze(path: string): { status: number | null; message: string; events: number; megabytes: number } {
  const out = join(folder, "out.csv");
  const told = "process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))";
  const env = { ...process.env, NODE_OPTIONS: `--import "data:text/javascript,${told}"` };
  const args = ["analyze", "--format", "csv", "--window", "1ms", "--out", out, path];
  const { status, stderr } = spawnSync(join(repoRoot, "bin", "foretrace"), args, { encoding: "utf8", env });
  const events = [...readFileSync(out, "utf8").matchAll(/,go_trace_events,(\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  return { status, message: stderr.replace(/peak .*\n/, ""), events, megabytes: (Number(/peak (\d+)/.exec(stderr)![1]) * 1024) / 1e6 };
}

test("generations of 64 MB, 256 MB in all: below 200 MB", { timeout: 300_000 }, () => {
  const path = join(folder, "large.trace");
  const bytes = writeTrace(path, 4, 64e6);
  expect(bytes).toBeGreaterThan(256e6);
  const { status, message, events, megabytes } = analyze(path);
  expect({ status, message }).toEqual({ status: 0, message: "" });
  expect(events).toBeGreaterThan(40e6);
  console.log(`generations of 64 MB: ${megabytes.toFixed(0)} MB`);
  expect(megabytes).toBeLessThan(200);
});

test("a generation just below the limit, and one above it, which is refused by name", { timeout: 300_000 }, () => {
  const path = join(folder, "limit.trace");
  writeTrace(path, 1, 530e6);
  const below = analyze(path);
  expect({ status: below.status, message: below.message }).toEqual({ status: 0, message: "" });
  console.log(`a generation of 530 MB: ${below.megabytes.toFixed(0)} MB`);
  expect(below.megabytes).toBeLessThan(1000);
  writeTrace(path, 1, 545e6);
  const above = analyze(path);
  expect(above.status).toBe(3);
  expect(above.message).toMatch(/larger than 512 MiB, the most of one that is held in memory/);
  expect(above.megabytes).toBeLessThan(1000);
});
