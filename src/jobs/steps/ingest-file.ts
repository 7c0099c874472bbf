/** A file of history in OpenMetrics or Prometheus text → the store. */
import { ForetraceError } from "../../lib/errors.ts";
import { type Labels, type Sample, seriesKey } from "../../lib/series.ts";
import { epochMillis } from "../../lib/units.ts";
import { readOpenMetrics } from "../../sources/openmetrics.ts";
import { countedFile } from "../counted-file.ts";
import type { StepContext } from "../step.ts";

/** Samples that are held before they go to the store: whole chunks, and some 30 MB. */
const batchSize = 200_000;

export async function ingestFile(
  input: { readonly target: string; readonly file: string; readonly shiftMillis?: number },
  { store, signal, progress }: StepContext,
): Promise<{ samples: number; series: number }> {
  const { target, file, shiftMillis = 0 } = input;
  const seen = new Set<string>();
  let batches = new Map<string, { labels: Labels; samples: Sample[] }>();
  let held = 0;
  let samples = 0;
  const flush = async (): Promise<void> => {
    const ordered = [...batches.values()].map(({ labels, samples: unordered }) => ({ labels, samples: inOrder(unordered) }));
    batches = new Map();
    held = 0;
    if (ordered.length > 0) await store.series.append(ordered);
  };
  const source = await countedFile(file);
  for await (const piece of readOpenMetrics(source.open(), { input: file })) {
    if (signal.aborted) throw new ForetraceError("canceled", `the reading of ${file} was cancelled`);
    for (const { labels, t, v } of piece) {
      const stored = { ...labels, target };
      const key = seriesKey(stored);
      let batch = batches.get(key);
      if (batch === undefined) batches.set(key, (batch = { labels: stored, samples: [] }));
      batch.samples.push({ t: epochMillis(Math.round(t + shiftMillis)), v });
      seen.add(key);
      samples++;
      held++;
    }
    if (held >= batchSize) {
      await flush();
      progress(source.share());
    }
  }
  await flush();
  return { samples, series: seen.size };
}

/** Ascending; of several samples at one time the last in the file. */
function inOrder(samples: readonly Sample[]): Sample[] {
  const byTime = new Map(samples.map((sample) => [sample.t, sample]));
  return [...byTime.values()].sort((a, b) => a.t - b.t);
}
