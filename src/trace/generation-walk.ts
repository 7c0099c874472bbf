/** A cheap pass over the container (formats ≥ 1.22): where its generations lie and when they begin, without decoding their events. */
import { ForetraceError } from "../lib/errors.ts";
import { Break, malformed } from "./broken.ts";
import { Container } from "./container.ts";
import { maxGenerationBytes, type GenerationSpan } from "./generation-reader.ts";
import { readHeader } from "./header.ts";
import { Input } from "./input.ts";
import type { ByteSource } from "./model.ts";
import { readClock } from "./sync.ts";
import { othersRun, Turns } from "./turns.ts";

/** `number` is the one written in the file. */
export type GenerationPlace = GenerationSpan & { readonly number: number };

export type GenerationWalk = {
  readonly generations: readonly GenerationPlace[];
  /** Set where the container breaks off. What is wrong inside of a generation is not looked for. */
  readonly error: ForetraceError | undefined;
};

/**
 * Stops at the first generation that begins after `until`, which is the last one given.
 * @throws ForetraceError what `readHeader` throws; canceled on abort.
 */
export async function walkGenerations(source: ByteSource, until: number, signal?: AbortSignal): Promise<GenerationWalk> {
  const input = new Input(source);
  const generations: GenerationPlace[] = [];
  const turns = new Turns();
  try {
    const version = await readHeader(input, undefined);
    const container = new Container(input, version, maxGenerationBytes);
    let origin = 0;
    let begin: number | undefined;
    try {
      for (;;) {
        begin = undefined;
        const generation = await container.next();
        if (generation === undefined) return { generations, error: undefined };
        begin = generation.begin;
        const { nanosPerTick } = readClock(generation, version);
        if (nanosPerTick === undefined) throw malformed("no frequency event found");
        const at = Math.trunc(generation.minTime * nanosPerTick);
        if (generations.length === 0) origin = Math.max(1, at);
        generations.push({ number: generation.number, begin: generation.begin, end: generation.end, time: at - origin });
        if (at - origin > until) return { generations, error: undefined };
        if (!turns.isDue(0, input.offset)) continue;
        await othersRun();
        if (signal?.aborted === true) throw new ForetraceError("canceled", "reading the trace was cancelled", { cause: signal.reason });
      }
    } catch (error) {
      if (!(error instanceof Break)) throw error;
      return { generations, error: error.toError(begin ?? input.offset, container.current) };
    }
  } finally {
    await input.close().catch(() => {});
  }
}
