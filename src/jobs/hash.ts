/** Ids of records: a hash of what they identify. */
import { createHash } from "node:crypto";
import type { Frame } from "../lib/series.ts";
import { seriesKey } from "../lib/series.ts";

export const recordId = (...parts: readonly (string | number)[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);

/** Equal for equal frames and parameters: training on the same again can be left out. */
export function fingerprint(frames: readonly Frame[], parameters: unknown): string {
  const hash = createHash("sha256").update(JSON.stringify(parameters));
  for (const frame of frames) {
    hash.update(JSON.stringify([frame.start, frame.step, frame.length]));
    for (const { labels, values } of frame.columns) {
      hash.update(seriesKey(labels)).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  }
  return hash.digest("hex").slice(0, 32);
}
