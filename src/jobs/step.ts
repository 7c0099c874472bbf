/** What every step gets and gives. The queue, the command and the tests run the same steps. */
import type { Logger } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import type { Clock } from "../lib/units.ts";
import type { Store } from "../store/ports.ts";
import type { Config } from "./config.ts";
import type { JobName } from "./queue.ts";

/** Hands on work that follows; the same work waiting twice is one job. */
export type Enqueue = (name: JobName, input: Readonly<Record<string, unknown>>, options?: { delayMillis?: number }) => Promise<void>;

export type StepContext = {
  readonly store: Store;
  readonly config: Config;
  readonly signal: AbortSignal;
  /** Share done, 0..1. */
  readonly progress: (done: number) => void;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly enqueue: Enqueue;
};

/** Idempotent: run twice on the same store it leaves what one run leaves. The result is JSON for people who look at the job. */
export type Step<Input, Result> = (input: Input, context: StepContext) => Promise<Result>;
