/**
 * `node bench/lstm.ts`: one training step and one forecast of LSTM(H) → Dense, T 48, F 4, batch 64, ours and tfjs in the same run.
 * Each variant runs in a fresh process of its own, in an order that is reversed from round to round; a process warms up, then gives the
 * median of its steps. Both wall and CPU milliseconds are taken; ratios are of CPU medians, which a busy machine disturbs less.
 *
 * `plain` is LSTM(H) → Dense(12): tfjs as its users write it (trainOnBatch, Adam, absolute error), ours with one quantile, the same net.
 * `shipped` is the forecaster's net, Dense(12 × 11) with pinball loss and AdamW, on tfjs through src/models/forecast/tfjs-engine.ts.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join, resolve } from "node:path";
import { createRandom } from "../src/lib/random.ts";
import { loadKernels, type KernelVariant } from "../src/jobs/kernels.ts";
import { parameterShapes, type Batch, type EngineFactory, type LstmShape, type Parameters } from "../src/models/forecast/engine.ts";
import { tfjsEngine } from "../src/models/forecast/tfjs-engine.ts";
import { fusedEngine } from "../src/models/kernels/engine.ts";
import { quantileLevels } from "../src/models/model.ts";

const root = resolve(import.meta.dirname, "..");
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 3);
const size = 64;
const steps = 48;
const features = 4;
const horizon = 12;

type Net = "plain" | "shipped";
type Variant = "fused relaxed" | "fused simd" | "tfjs wasm" | "tfjs cpu";
type Run = { trainWall: number; trainCpu: number; forecastWall: number; forecastCpu: number };
type Work = { train: () => Promise<unknown>; forecast: () => Promise<unknown> };

const variants: readonly Variant[] = ["fused relaxed", "fused simd", "tfjs wasm", "tfjs cpu"];
const cases = (["plain", "shipped"] as const).flatMap((net) => [32, 64].map((hidden) => ({ net, hidden })));
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function shapeOf(net: Net, hidden: number): LstmShape {
  return { steps, features, hidden, horizon, levels: net === "plain" ? [0.5] : quantileLevels };
}

const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1);
const ones = (count: number): Float32Array => new Float32Array(count).fill(1);

function data(shape: LstmShape): { batch: Batch; parameters: Parameters } {
  const random = createRandom(1);
  const normals = (count: number, scale: number): Float32Array => Float32Array.from({ length: count }, () => scale * random.normal());
  const parameters = parameterShapes(shape).map((dims) => normals(product(dims), 0.15)) as unknown as Parameters;
  const x = normals(size * steps * features, 1);
  return { parameters, batch: { size, x, y: normals(size * horizon, 1), mask: ones(size * horizon), weight: ones(size) } };
}

async function engineWork(factory: EngineFactory, shape: LstmShape): Promise<Work> {
  const { batch, parameters } = data(shape);
  const engine = await factory(shape);
  engine.setParameters(parameters);
  return { train: async () => engine.trainStep(batch, 1e-3), forecast: async () => engine.predict(batch.x, size) };
}

/** tfjs without anything of ours. */
async function stockWork(backend: "wasm" | "cpu", shape: LstmShape): Promise<Work> {
  const tf = await import("@tensorflow/tfjs");
  tf.enableProdMode();
  if (backend === "wasm") await import("@tensorflow/tfjs-backend-wasm");
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend ${backend} here`);
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ units: shape.hidden, inputShape: [steps, features], recurrentActivation: "sigmoid", recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: horizon }),
    ],
  });
  const { batch, parameters } = data(shape);
  model.setWeights(parameterShapes(shape).map((dims, i) => tf.tensor(parameters[i]!, dims)));
  model.compile({ optimizer: tf.train.adam(1e-3), loss: "meanAbsoluteError" });
  const x = tf.tensor3d(batch.x, [size, steps, features]);
  const y = tf.tensor2d(batch.y, [size, horizon]);
  return {
    train: () => model.trainOnBatch(x, y),
    forecast: async () => {
      const output = model.predictOnBatch(x) as import("@tensorflow/tfjs").Tensor;
      await output.data();
      output.dispose();
    },
  };
}

async function workOf(variant: Variant, net: Net, hidden: number): Promise<Work> {
  const shape = shapeOf(net, hidden);
  const [library, kind] = variant.split(" ") as ["fused" | "tfjs", string];
  if (library === "fused") {
    const { module } = await loadKernels(kind === "relaxed" ? "relaxed" : ("simd" satisfies KernelVariant));
    return engineWork(fusedEngine(module), shape);
  }
  const backend = kind as "wasm" | "cpu";
  return net === "plain" ? stockWork(backend, shape) : engineWork(tfjsEngine(backend), shape);
}

/** Medians over about two seconds after a warm-up of half a second (three steps at least). */
async function time(work: () => Promise<unknown>): Promise<{ wall: number; cpu: number }> {
  const wall: number[] = [];
  const cpu: number[] = [];
  const started = performance.now();
  for (let i = 0; i < 3 || performance.now() - started < 500; i++) await work();
  const measured = performance.now();
  for (let i = 0; i < 5 || performance.now() - measured < 2000; i++) {
    const before = performance.now();
    const used = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(used);
    wall.push(performance.now() - before);
    cpu.push((user + system) / 1000);
  }
  return { wall: median(wall), cpu: median(cpu) };
}

async function child(variant: Variant, net: Net, hidden: number): Promise<void> {
  const { train, forecast } = await workOf(variant, net, hidden);
  const training = await time(train);
  const forecasting = await time(forecast);
  const run: Run = { trainWall: training.wall, trainCpu: training.cpu, forecastWall: forecasting.wall, forecastCpu: forecasting.cpu };
  process.stdout.write(JSON.stringify(run));
}

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string }).version;
}

function parent(): void {
  const loadBefore = loadavg();
  const results = cases.map(({ net, hidden }) => ({ net, hidden, runs: new Map(variants.map((variant) => [variant, [] as Run[]])) }));
  for (let round = 0; round < rounds; round++) {
    for (const { net, hidden, runs } of results) {
      for (const variant of round % 2 === 0 ? variants : [...variants].reverse()) {
        const output = execFileSync(process.execPath, [import.meta.filename, variant, net, String(hidden)], {
          cwd: root,
          encoding: "utf8",
        });
        runs.get(variant)!.push(JSON.parse(output) as Run);
      }
    }
    console.log(`round ${round + 1} of ${rounds}`);
  }
  const table = results.flatMap(({ net, hidden, runs }) => {
    const of = (variant: Variant, key: keyof Run): number => median(runs.get(variant)!.map((run) => run[key]));
    return variants.map((variant) => ({
      net,
      hidden,
      variant,
      trainCpuMs: of(variant, "trainCpu"),
      trainWallMs: of(variant, "trainWall"),
      forecastCpuMs: of(variant, "forecastCpu"),
      forecastWallMs: of(variant, "forecastWall"),
      trainRatio: of(variant, "trainCpu") / of("fused relaxed", "trainCpu"),
      forecastRatio: of(variant, "forecastCpu") / of("fused relaxed", "forecastCpu"),
      rounds: runs.get(variant)!,
    }));
  });
  for (const row of table) {
    const cells = [row.trainCpuMs, row.trainWallMs, row.forecastCpuMs, row.forecastWallMs].map((ms) => ms.toFixed(2).padStart(9));
    const ratios = `train ${row.trainRatio.toFixed(1)} ×, forecast ${row.forecastRatio.toFixed(1)} × fused relaxed`;
    console.log(`${row.net.padEnd(8)} H ${row.hidden} ${row.variant.padEnd(14)}${cells.join("")}  ${ratios}`);
  }
  const day = new Date().toISOString().slice(0, 10);
  const machine = { cpu: cpus()[0]!.model, cores: cpus().length, loadBefore, loadAfter: loadavg() };
  const versions = { tfjs: versionOf("@tensorflow/tfjs"), tfjsBackendWasm: versionOf("@tensorflow/tfjs-backend-wasm") };
  const about = {
    day,
    command: "node bench/lstm.ts",
    machine,
    node: process.version,
    versions,
    rounds,
    batch: size,
    steps,
    features,
    horizon,
  };
  mkdirSync(join(root, "bench/results"), { recursive: true });
  writeFileSync(join(root, `bench/results/${day}-lstm.json`), `${JSON.stringify({ ...about, table }, undefined, 2)}\n`);
}

const [variant, net, hidden] = process.argv.slice(2);
if (variant === undefined) parent();
else await child(variant as Variant, net as Net, Number(hidden));
