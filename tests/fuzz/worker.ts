/** The loop of fuzzing, in a thread of its own: change, check, keep what reached something new. */
import { parentPort, workerData } from "node:worker_threads";
import { createRandom } from "../../src/lib/random.ts";
import { checkInput, inputKinds } from "./check.ts";
import { Coverage } from "./coverage.ts";
import type { Input } from "./inputs.ts";
import { kindOfFailure, minimise } from "./minimise.ts";
import { change } from "./mutate.ts";
import { Current, type WorkerData, type WorkerMessage } from "./protocol.ts";

const { seed, millis, inputs, current: buffer } = workerData as WorkerData;
const current = new Current(buffer);
const send = (message: WorkerMessage): void => parentPort!.postMessage(message);

const random = createRandom(seed);
const coverage = new Coverage();
const corpus: Input[] = [...inputs];
const failures = new Set<string>();
let executions = 0;

async function run(input: Input, turn: number): Promise<number> {
  current.set(inputKinds.indexOf(input.kind), input.bytes, turn);
  executions++;
  try {
    await checkInput(input.kind, input.bytes, turn);
  } catch (error) {
    const message = error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error);
    const kind = kindOfFailure(message.split("\n")[0]!);
    if (!failures.has(kind)) {
      failures.add(kind);
      const bytes = await minimise(input.kind, input.bytes, turn);
      send({ failure: { kind: input.kind, bytes, seed: turn, message } });
    }
    await coverage.skip();
    return 0;
  }
  return coverage.take();
}

const begin = performance.now();
await coverage.start();
for (const input of inputs) await run(input, 1);
while (performance.now() - begin < millis) {
  // What was found last is changed most.
  const recent = random.below(2) === 0 ? Math.max(0, corpus.length - 30) : 0;
  const parent = corpus[recent + random.below(corpus.length - recent)]!;
  const siblings = corpus.filter(({ kind }) => kind === parent.kind);
  const other = siblings[random.below(siblings.length)]!;
  const bytes = change(parent.kind, parent.bytes, other.bytes, random);
  const input = { name: "", kind: parent.kind, bytes };
  if ((await run(input, random.below(2 ** 31))) > 0) {
    corpus.push(input);
    send({ kept: { kind: input.kind, bytes } });
  }
}
send({ done: { executions, corpus: corpus.length, blocks: coverage.size } });
coverage.stop();
