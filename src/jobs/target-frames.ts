/** The recent past of a target as frames: as far back from its newest sample as a step wants to look. */
import type { Frame } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import type { Matcher } from "../store/ports.ts";
import { loadFrames, targetMatcher } from "./frames.ts";
import { newestSample } from "./newest.ts";
import type { StepContext } from "./step.ts";

/** A target that has been silent for longer than this is not modelled. */
const longestSilence = 10 * 365 * 86_400_000;

/** The target's own series, without those that are derived from them. */
export const observedMatchers = (target: string): Matcher[] => [
  ...targetMatcher(target),
  { name: "__name__", op: "!~", value: "foretrace_.*" },
];

/** Time of the target's newest observed sample that does not lie in the future. */
export const newestObserved = ({ store, clock }: Pick<StepContext, "store" | "clock">, target: string): Promise<EpochMillis | undefined> =>
  newestSample(store.series, observedMatchers(target), clock(), longestSilence);

/** Frames of the last `millis` before the newest sample; none when the target has no samples. */
export async function recentFrames(
  context: Pick<StepContext, "store" | "config" | "clock">,
  target: string,
  millis: number,
): Promise<Frame[]> {
  const newest = await newestObserved(context, target);
  if (newest === undefined) return [];
  return loadFrames(context.store, context.config, target, { from: epochMillis(newest - millis), to: newest });
}
