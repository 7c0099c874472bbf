/** What `foretrace analyze` does with one trace: one pass, one form of answer. The forms are described in docs/analyze.md. */
import { ForetraceError } from "../lib/errors.ts";
import { formatDuration } from "../lib/units.ts";
import { traceCores } from "../sources/trace-core.ts";
import type { ByteSource, TraceOutcome } from "../trace/model.ts";
import { readTrace } from "../trace/read.ts";
import type { Answer, AnswerOptions, Format } from "./analyze/answer.ts";
import { isWallClock, parseMoment, traceClock } from "./moment.ts";

export type AnalyzeOptions = {
  /** Name of the input for people; "-" is standard input, which cannot be read twice. */
  readonly input: string;
  readonly windowNanos: number;
  readonly format: Format;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** `1.26` or `26`. */
  readonly assumeVersion?: string | undefined;
  /** Every event is held against the rules of the event model; the first that breaks one is the outcome's error. */
  readonly paranoid?: boolean;
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
};

/** Forms whose windows say nothing of what comes after them. The others also tell how waits, tasks and the trace itself end. */
const endsEarly: ReadonlySet<Format> = new Set<Format>(["csv", "prom"]);

/** Only the form that is asked for is loaded. */
const answers: Record<Format, (options: AnswerOptions) => Promise<Answer>> = {
  text: async (options) => (await import("./analyze/text.ts")).textAnswer(options),
  json: async (options) => (await import("./analyze/json.ts")).jsonAnswer(options),
  csv: async (options) => (await import("./analyze/csv.ts")).csvAnswer(options),
  prom: async (options) => (await import("./analyze/prom.ts")).promAnswer(options),
};

/**
 * Reads the trace to its end and writes the answer. A trace that breaks off is answered up to the break; the outcome has the error.
 * @throws ForetraceError bad_usage, and what {@link readTrace} throws; nothing has been written then, unless there are too many windows.
 */
export async function analyzeTrace(open: () => ByteSource, options: AnalyzeOptions): Promise<TraceOutcome> {
  const { windowNanos, write, ready, progress, signal } = options;
  const range = await parseRange(open, options);
  const assumeVersion = parseVersion(options.assumeVersion);
  const { input, color, width } = options;
  const answer = await answers[options.format]({ input, windowNanos, ...range, write, color, width });
  const whole = options.paranoid === true || assumeVersion !== undefined || !endsEarly.has(options.format);
  const beginning = whole ? undefined : await options.beginning?.(range.to);
  const opened = beginning?.source ?? open();
  const source = ready === undefined ? opened : paced(opened, ready);
  const check = options.paranoid === true ? (await import("./analyze/paranoid.ts")).paranoid(answer.visitor) : undefined;
  const read = await readTrace(source, check?.visitor ?? answer.visitor, {
    core: traceCores,
    ...(progress === undefined ? {} : { progress }),
    ...(signal === undefined ? {} : { signal }),
    ...(assumeVersion === undefined ? {} : { assumeVersion }),
  });
  const outcome = check?.judge(read) ?? beginning?.outcome(read) ?? read;
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

function parseVersion(text: string | undefined): number | undefined {
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
