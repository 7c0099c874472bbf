/**
 * OpenMetrics and Prometheus text with timestamps → samples, as a stream: history comes in through this.
 * Times are seconds in OpenMetrics and milliseconds in Prometheus' text format; a number of 1e11 or more is taken as milliseconds
 * (as seconds it would lie beyond the year 5000).
 */
import { ForetraceError } from "../lib/errors.ts";
import type { Labels } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";

export type MetricMetadata = { type?: string; help?: string; unit?: string };
export type OpenMetricsSample = { readonly labels: Labels; readonly t: EpochMillis; readonly v: number };
export type OpenMetricsOptions = {
  /** Name of the input, for errors. */
  readonly input: string;
  /** Time of samples that carry none; without it such a sample is an error. */
  readonly defaultTime?: EpochMillis;
  /** Filled from the HELP, TYPE and UNIT lines, by metric family. */
  readonly metadata?: Map<string, MetricMetadata>;
};

/** A longer line is refused before it fills the memory. */
const maxLineLength = 1 << 20;

/**
 * Samples in the order of the file, an array for each piece that arrives.
 * @param bytes uncompressed text in pieces of any size
 * @throws ForetraceError bad_metrics naming input and line; empty_input when there are no bytes.
 */
export async function* readOpenMetrics(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: OpenMetricsOptions,
): AsyncGenerator<OpenMetricsSample[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  let line = 0;
  let ended = false;
  let empty = true;
  const take = (texts: readonly string[]): OpenMetricsSample[] => {
    const samples: OpenMetricsSample[] = [];
    for (const raw of texts) {
      line++;
      const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (text.trim() === "") continue;
      if (ended) throw bad(options.input, line, `text after "# EOF"`);
      if (text.startsWith("#")) ended = readComment(text, options.metadata);
      else samples.push(parseSampleLine(text, line, options));
    }
    return samples;
  };
  for await (const piece of bytes) {
    if (piece.byteLength === 0) continue;
    empty = false;
    let text: string;
    try {
      text = decoder.decode(piece, { stream: true });
    } catch {
      throw bad(options.input, line + 1, "bytes that are not UTF-8 (here or in the next lines)");
    }
    // Splitting only where a line ends keeps a long line in tiny pieces linear.
    const lines = text.includes("\n") ? (rest + text).split("\n") : [rest + text];
    rest = lines.pop()!;
    if (rest.length > maxLineLength) throw bad(options.input, line + lines.length + 1, `a line longer than ${maxLineLength} characters`);
    const samples = take(lines);
    if (samples.length > 0) yield samples;
  }
  if (empty) throw new ForetraceError("empty_input", `${options.input} is empty`, { input: options.input });
  try {
    rest += decoder.decode();
  } catch {
    throw bad(options.input, line + 1, "the text ends inside a UTF-8 character");
  }
  const samples = take(rest === "" ? [] : [rest]);
  if (samples.length > 0) yield samples;
}

const numbers = /^(\S+)(?:[ \t]+([^\s#]\S*))?[ \t]*(?:#[ \t].*)?$/;
const pair = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\[^])*)"[ \t]*(,|$)/y;

function parseSampleLine(text: string, line: number, { input, defaultTime }: OpenMetricsOptions): OpenMetricsSample {
  const { name, body, after } = splitLabels(text, line, input);
  const match = numbers.exec(after);
  if (match === null) throw bad(input, line, `"${shorten(text)}" is not \`name{label="value"} number [time]\``);
  const labels: Record<string, string> = { __name__: name };
  pair.lastIndex = 0;
  while (pair.lastIndex < body.length) {
    const at = pair.lastIndex;
    const found = pair.exec(body);
    if (found === null) throw bad(input, line, `labels "${shorten(body.slice(at))}" are not of the form name="value"`);
    if (labels[found[1]!] !== undefined) throw bad(input, line, `label "${found[1]}" is there twice`);
    labels[found[1]!] = found[2]!.replace(/\\([^])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  const v = parseNumber(match[1]!);
  if (v === undefined) throw bad(input, line, `"${match[1]}" is not a number`);
  if (match[2] === undefined) {
    if (defaultTime === undefined) throw bad(input, line, "the sample has no time; history needs one at the end of each line");
    return { labels, t: defaultTime, v };
  }
  const time = parseNumber(match[2]);
  if (time === undefined || !Number.isFinite(time)) throw bad(input, line, `"${match[2]}" is not a time (seconds, or milliseconds)`);
  return { labels, t: epochMillis(Math.round(Math.abs(time) >= 1e11 ? time : time * 1000)), v };
}

/** Splits `name{…} rest` at the brace that really closes: label values may hold braces. */
function splitLabels(text: string, line: number, input: string): { name: string; body: string; after: string } {
  const name = /^[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*/.exec(text);
  if (name === null) throw bad(input, line, `"${shorten(text)}" does not begin with a metric name`);
  const start = name[0].length;
  if (text[start] !== "{") return { name: name[1]!, body: "", after: text.slice(start) };
  let quoted = false;
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\" && quoted) i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (text[i] === "}" && !quoted) return { name: name[1]!, body: text.slice(start + 1, i), after: text.slice(i + 1).trimStart() };
  }
  throw bad(input, line, "the labels' closing brace is missing");
}

/** True for the end mark. */
function readComment(text: string, metadata: Map<string, MetricMetadata> | undefined): boolean {
  if (text.trimEnd() === "# EOF") return true;
  const match = /^#[ \t]+(HELP|TYPE|UNIT)[ \t]+(\S+)[ \t]*(.*)$/.exec(text);
  if (match === null || metadata === undefined) return false;
  const entry = metadata.get(match[2]!) ?? {};
  const key = match[1] === "HELP" ? "help" : match[1] === "TYPE" ? "type" : "unit";
  entry[key] = match[3]!.replace(/\\([^])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  metadata.set(match[2]!, entry);
  return false;
}

function parseNumber(text: string): number | undefined {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^nan$/i.test(text) ? Number.NaN : undefined;
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

function bad(input: string, line: number, message: string): ForetraceError {
  return new ForetraceError("bad_metrics", `${input}:${line}: ${message}`, { input, line });
}
