/** A first pull brings a target's history query by query: a training beside it would see a part of the series. */
import { targetConfig } from "./config.ts";
import type { StepContext } from "./step.ts";

/** A source that has not given a whole pull by then does not hold up the training on what else there is. */
const longestFirstPull = 3_600_000;

/**
 * Whether the first training is to wait: nothing is trained yet, the target is pulled, and its first pull may still be under way (its end asks
 * for training). The target is recorded when its first pull begins.
 */
export async function awaitsFirstPull(
  { store, config, clock }: Pick<StepContext, "store" | "config" | "clock">,
  target: string,
): Promise<boolean> {
  if (targetConfig(config, target).prometheus === undefined || config.schedule.ingest === undefined) return false;
  if ((await store.models.list(target)).length > 0) return false;
  const known = (await store.targets.list()).find(({ name }) => name === target);
  return known === undefined || clock() - known.createdAt < longestFirstPull;
}
