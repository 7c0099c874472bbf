/**
 * Fuzzing guided by coverage, with a watch over time and memory of each input.
 *
 *   node tests/fuzz/fuzz.ts [--minutes 10] [--seed 1] [--corpus FOLDER] [--out FOLDER]
 *
 * The corpus folder is read and grows; failures, made small, go to the out folder. Exit status 1 when there was one.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { inputKinds } from "./check.ts";
import { firstInputs, keptSeeds, type Input } from "./inputs.ts";
import { Current, type Failure, type WorkerData, type WorkerMessage } from "./protocol.ts";

export type FuzzOptions = {
  readonly millis: number;
  readonly seed: number;
  readonly inputs: readonly Input[];
  readonly onFailure?: (failure: Failure) => void;
  readonly onKept?: (input: Input) => void;
};
export type FuzzResult = { executions: number; corpus: number; blocks: number; failures: Failure[] };

/** CPU time that one input may take: a hundred times what the largest does. Wall time would count what others do. */
const longestMillis = 20_000;
/** Memory that one input may add. */
const mostGrowth = 1.5e9;
const heapMegabytes = 1024;
const pollMillis = 250;

/** Runs to the end of its time; after an input that hangs or takes all memory, a new thread goes on. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const total: FuzzResult = { executions: 0, corpus: options.inputs.length, blocks: 0, failures: [] };
  const fail = (failure: Failure): void => {
    total.failures.push(failure);
    options.onFailure?.(failure);
  };
  const until = Date.now() + options.millis;
  for (let round = 0; Date.now() < until - 1000 || round === 0; round++)
    await runThread({ ...options, seed: options.seed + round, millis: until - Date.now() }, total, fail);
  return total;
}

async function runThread(options: FuzzOptions, total: FuzzResult, fail: (failure: Failure) => void): Promise<void> {
  const buffer = new SharedArrayBuffer(Current.bytes);
  const current = new Current(buffer);
  const { seed, millis, inputs } = options;
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: { seed, millis, inputs, current: buffer } satisfies WorkerData,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  });
  const blame = (message: string): void => fail({ kind: inputKinds[current.kind]!, bytes: current.input, seed: current.seed, message });
  worker.on("message", (message: WorkerMessage) => {
    if ("failure" in message) fail(message.failure);
    else if ("kept" in message) {
      total.corpus++;
      options.onKept?.({ name: "", ...message.kept });
    } else {
      total.executions += message.done.executions;
      total.blocks = Math.max(total.blocks, message.done.blocks);
    }
  });
  let turn = -1;
  let cpu = process.cpuUsage();
  let memory = process.memoryUsage.rss();
  const watch = setInterval(() => {
    if (current.turn !== turn) {
      turn = current.turn;
      cpu = process.cpuUsage();
      memory = process.memoryUsage.rss();
      return;
    }
    const { user, system } = process.cpuUsage(cpu);
    const grown = process.memoryUsage.rss() - memory;
    if ((user + system) / 1e3 > longestMillis) blame(`it takes more than ${longestMillis / 1000} s`);
    else if (grown > mostGrowth) blame(`it takes ${Math.round(grown / 1e6)} MB`);
    else return;
    void worker.terminate();
  }, pollMillis);
  await new Promise<void>((resolve) => {
    worker.on("error", (error) => blame(`the thread broke down: ${error.message}\n${error.stack ?? ""}`));
    worker.on("exit", () => resolve());
  });
  clearInterval(watch);
}

const nameOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      corpus: { type: "string" },
      out: { type: "string", default: "." },
    },
  });
  const { corpus, out } = values;
  mkdirSync(out, { recursive: true });
  if (corpus !== undefined) mkdirSync(corpus, { recursive: true });
  const inputs = [...firstInputs(), ...(corpus === undefined ? [] : keptSeeds(corpus))];
  console.log(`begins with ${inputs.length} inputs`);
  const { failures, ...result } = await fuzz({
    millis: Number(values.minutes) * 60_000,
    seed: Number(values.seed),
    inputs,
    onFailure({ kind, bytes, seed, message }) {
      const file = join(out, `${nameOf(bytes)}.${kind}`);
      writeFileSync(file, bytes);
      console.log(`FAILURE ${file} (${bytes.length} bytes, seed ${seed}): ${message.split("\n").slice(0, 6).join("\n  ")}`);
    },
    onKept({ kind, bytes }) {
      if (corpus !== undefined) writeFileSync(join(corpus, `${nameOf(bytes)}.${kind}`), bytes);
    },
  });
  console.log(JSON.stringify({ ...result, failures: failures.length }));
  if (failures.length > 0) process.exitCode = 1;
}

if (process.argv[1] === import.meta.filename) await main();
