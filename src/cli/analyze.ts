/** What `foretrace analyze` does with one trace: one pass, one form of answer. The forms are described in docs/analyze.md. */
import { createCoreSeries } from "../features/core-series.ts";
import type { FeatureWindow } from "../features/window.ts";
import { ForetraceError } from "../lib/errors.ts";
import { formatDuration } from "../lib/units.ts";
import { traceCores } from "../sources/trace-core.ts";
import type { ByteSource, TraceOutcome, TraceVisitor } from "../trace/model.ts";
import { readTrace } from "../trace/read.ts";
import type { Answer, AnswerOptions, Format, SeriesSet } from "./analyze/answer.ts";
import { isWallClock, parseMoment, traceClock } from "./moment.ts";

export type AnalyzeOptions = {
  /** Name of the input for people; "-" is standard input, which cannot be read twice. */
  readonly input: string;
  readonly windowNanos: number;
  readonly format: Format;
  readonly series?: SeriesSet | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** `1.26` or `26`. */
  readonly assumeVersion?: string | undefined;
  /** Every event is held against the rules of the event model; the first that breaks one is the outcome's error. */
  readonly paranoid?: boolean;
  /** Reads on behind the error of a broken trace. */
  readonly salvage?: boolean;
  readonly write: (text: string) => void;
  /** Resolves when what was written has gone far enough to write more; no more of the trace is read before. */
  readonly ready?: () => Promise<void>;
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  readonly progress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Where it is known beforehand: the beginning of the trace up to a time, and how the reading of the whole ends. */
  readonly beginning?: (to: number) => Promise<{ source: ByteSource; outcome(read: TraceOutcome): TraceOutcome } | undefined>;
  /** Threads that read parts of the file at the same time, where the answer and the file allow it; default 1. The answer is the same. */
  readonly threads?: number;
  /** Least bytes of a part, for tests. */
  readonly partBytes?: number;
};

/** Forms whose windows say nothing of what comes after them. The others also tell how waits, tasks and the trace itself end. */
const endsEarly: ReadonlySet<Format> = new Set<Format>(["csv", "prom"]);

/** Only the form that is asked for is loaded. */
const answers: Record<Format, (options: AnswerOptions) => Promise<Answer>> = {
  text: async (options) => (await import("./analyze/text.ts")).textAnswer(options),
  json: async (options) => (await import("./analyze/json.ts")).jsonAnswer(options),
  csv: async (options) => (await import("./analyze/csv.ts")).csvAnswer(options),
  html: async (options) => (await import("./analyze/html.ts")).htmlAnswer(options),
  prom: async (options) => (await import("./analyze/prom.ts")).promAnswer(options),
};

/**
 * Reads the trace to its end and writes the answer. A trace that breaks off is answered up to the break; the outcome has the error.
 * @throws ForetraceError bad_usage, and what {@link readTrace} throws; nothing has been written then, unless there are too many windows.
 */
export async function analyzeTrace(open: () => ByteSource, options: AnalyzeOptions): Promise<TraceOutcome> {
  const { windowNanos, write, ready } = options;
  const range = await parseRange(open, options);
  const assumeVersion = parseVersion(options.assumeVersion);
  const { input, color, width, series = "core" } = options;
  const answer = await answers[options.format]({ input, windowNanos, ...range, write, series, color, width });
  const whole = options.paranoid === true || options.salvage === true || assumeVersion !== undefined || !endsEarly.has(options.format);
  const beginning = whole ? undefined : await options.beginning?.(range.to);
  const source = (): ByteSource => {
    const opened = beginning?.source ?? open();
    return ready === undefined ? opened : paced(opened, ready);
  };
  const inThreads = beginning === undefined ? await readInThreads(answer, source, options, assumeVersion) : undefined;
  const read = inThreads ?? (await readInOne(answer.visitor, source(), options, assumeVersion));
  const outcome = beginning?.outcome(read) ?? read;
  if (range.from > outcome.end) {
    const length = formatDuration(outcome.end);
    const broken = outcome.error === undefined ? "" : `, where it breaks off: ${outcome.error.message}`;
    throw new ForetraceError("bad_usage", `--from ${options.from} lies after the end of the trace, which is ${length} long${broken}`, {
      input: "--from",
    });
  }
  answer.finish(outcome);
  await ready?.();
  return outcome;
}

/** Reads with one thread. */
export async function readInOne(
  visitor: TraceVisitor,
  source: ByteSource,
  { paranoid: isParanoid, salvage, progress, signal }: Pick<AnalyzeOptions, "paranoid" | "salvage" | "progress" | "signal">,
  assumeVersion: number | undefined,
): Promise<TraceOutcome> {
  const check = isParanoid === true ? (await import("./analyze/paranoid.ts")).paranoid(visitor) : undefined;
  const outcome = await readTrace(source, check?.visitor ?? visitor, {
    core: traceCores,
    ...(progress === undefined ? {} : { progress }),
    ...(signal === undefined ? {} : { signal }),
    ...(assumeVersion === undefined ? {} : { assumeVersion }),
    ...(salvage === true ? { salvage } : {}),
  });
  return check?.judge(outcome) ?? outcome;
}

/** Reads with several threads; undefined where one has to do: what it would say is the same. */
async function readInThreads(
  { onWindow }: Answer,
  source: () => ByteSource,
  options: AnalyzeOptions,
  assumeVersion: number | undefined,
): Promise<TraceOutcome | undefined> {
  const { input: file, windowNanos, threads = 1, partBytes, ready, progress, signal } = options;
  if (threads < 2 || onWindow === undefined || file === "-" || options.paranoid === true || options.salvage === true) return undefined;
  const { planParts } = await import("./threads/plan.ts");
  const plan = await planParts(file, { threads, assumeVersion, partBytes });
  if (plan === undefined) return undefined;
  const { readParts, PartsDisagree } = await import("./threads/read-parts.ts");
  let given = -1;
  const give = (window: FeatureWindow): void => {
    if (window.index <= given) return;
    given = window.index;
    onWindow(window);
  };
  try {
    const { outcome } = await readParts(plan, {
      file,
      source: source(),
      windowNanos,
      onWindow: give,
      ready: ready ?? (async () => {}),
      progress: progress ?? (() => {}),
      signal,
    });
    return outcome;
  } catch (error) {
    if (!(error instanceof PartsDisagree)) throw error;
  }
  const series = createCoreSeries({ windowNanos, onWindow: give });
  const outcome = await readInOne(series, source(), options, assumeVersion);
  series.finish();
  return outcome;
}

/** The asked range, widened to the windows that it touches. */
async function parseRange(open: () => ByteSource, options: AnalyzeOptions): Promise<{ from: number; to: number }> {
  const { input, from, to, windowNanos } = options;
  const wall = [from, to].find((text) => text !== undefined && isWallClock(text));
  if (input === "-" && wall !== undefined) {
    throw new ForetraceError(
      "bad_usage",
      `${wall}: standard input cannot be read twice to find its wall clock; save it to a file first, or give a duration such as 1.5s`,
    );
  }
  const clock = await traceClock(open, [from, to]);
  const begin = from === undefined ? 0 : parseMoment(from, "--from", clock);
  const end = to === undefined ? Number.POSITIVE_INFINITY : parseMoment(to, "--to", clock);
  if (end <= begin)
    throw new ForetraceError(
      "bad_usage",
      `--to ${to} does not lie after ${from === undefined ? "the trace's first event" : `--from ${from}`}`,
    );
  return { from: Math.max(0, Math.floor(begin / windowNanos) * windowNanos), to: Math.ceil(end / windowNanos) * windowNanos };
}

/** Of --assume-version. @throws ForetraceError bad_usage */
export function parseVersion(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(?:(?:go ?)?1\.)?(\d{2,3})$/.exec(text);
  if (match === null) {
    throw new ForetraceError("bad_usage", `--assume-version: "${text}" is not a version of the format; write for example 1.26`, {
      input: "--assume-version",
    });
  }
  return Number(match[1]);
}

/** Waits for the reader of the answer before it reads more of the trace, so that a slow pipe does not fill the memory. */
async function* paced(source: ByteSource, ready: () => Promise<void>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) {
    await ready();
    yield chunk;
  }
}
