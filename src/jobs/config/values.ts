/** Single values of foretrace.yaml beyond what a schema can say. Each throws bad_config with its place and what would be right. */
import { CronExpressionParser } from "cron-parser";
import { parseSeriesName } from "../../lib/series.ts";
import { parseDurationMillis } from "../../lib/units.ts";
import { type ParsedYaml, problem } from "./problems.ts";

export type Environment = Readonly<Record<string, string | undefined>>;
type Path = readonly string[];

const day = 86_400_000;
/** Beyond it the moments it leads to leave the calendar of a Date, and a timer's reach long before. */
const longest = 36_500 * day;
const longestTimeout = day;

/** Milliseconds, from 1 ms to 100 years. */
export function duration(text: string, path: Path, parsed: ParsedYaml): number {
  let millis: number;
  try {
    millis = parseDurationMillis(text);
  } catch {
    throw problem(parsed, path, `${path.join(".")} "${text}" is not a duration; write for example 10s, 5m, 1h30m, 7d`);
  }
  if (millis >= 1 && millis <= longest) return millis;
  const fault = millis < 1 ? "must be longer than 0 (at least 1ms)" : "must be at most 36500d";
  throw problem(parsed, path, `${path.join(".")} "${text}" ${fault}; write for example 10s, 5m, 1h30m, 7d`);
}

/** Whole milliseconds, at least one second: the store keeps times in milliseconds, and a finer grid is a trace's business. */
export function wholeSeconds(text: string, path: Path, parsed: ParsedYaml): number {
  const millis = duration(text, path, parsed);
  if (Number.isInteger(millis) && millis >= 1000) return millis;
  throw problem(parsed, path, `${path.join(".")} "${text}" must be whole milliseconds, at least 1s`);
}

/** A timer takes at most 2^31 ms and then fires at once, so a longest wait has a bound of its own. */
export function requestTimeout(text: string, path: Path, parsed: ParsedYaml): number {
  const millis = duration(text, path, parsed);
  if (millis <= longestTimeout) return millis;
  throw problem(parsed, path, `${path.join(".")} "${text}" must be at most 1d; write for example 30s`);
}

export const looksLikeCron = (text: string): boolean => /^(\S+\s+){4,5}\S+$/.test(text.trim());

/** The pattern, if the parser that runs the schedule takes it and it has a next time. */
export function cronPattern(text: string, path: Path, parsed: ParsedYaml, timezone = "UTC"): string {
  const pattern = text.trim();
  let reason = "";
  if (looksLikeCron(pattern)) {
    try {
      CronExpressionParser.parse(pattern, { tz: timezone }).next();
      return pattern;
    } catch (error) {
      reason = `: ${(error as Error).message}`;
    }
  }
  const right = "minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7, for example 0 7 * * 1";
  throw problem(parsed, path, `${path.join(".")} "${text}" is not a cron pattern${reason}; write ${right}`);
}

/** The name of one series, in Prometheus notation, with a metric name. */
export function demandSeries(text: string, path: Path, parsed: ParsedYaml): string {
  try {
    if (parseSeriesName(text)["__name__"] !== undefined) return text;
  } catch {
    // Said below, with its line.
  }
  throw problem(parsed, path, `${path.join(".")} "${text}" is not a series name; write for example http_requests{route="/cart"}`);
}

/** Bytes; at least one, and no more than a number counts exactly. */
export function byteCount(text: string, path: Path, parsed: ParsedYaml): number {
  const match = /^([\d.]+)\s*([KMGT]?)(i?)B$/.exec(text)!;
  const bytes = Math.floor(Number(match[1]) * (match[3] === "i" ? 1024 : 1000) ** ["", "K", "M", "G", "T"].indexOf(match[2]!));
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw problem(parsed, path, `${path.join(".")} "${text}" is out of range; write from 1B up to 8191TiB, for example 1GiB`);
}

/** RFC 6750, section 2.1: what may follow "Bearer " in a header. */
export const isBearerToken = (text: string): boolean => /^[\w.~+/-]+=*$/.test(text);

/** The token with variables filled in; the message does not repeat it. */
export function bearerToken(text: string, path: Path, parsed: ParsedYaml, environment: Environment): string {
  const token = expand(text, path, parsed, environment);
  if (isBearerToken(token)) return token;
  throw problem(
    parsed,
    path,
    `${path.join(".")} holds spaces or other characters that no bearer header carries; use letters, digits and -._~+/`,
  );
}

/** Replaces `${NAME}` by the environment's value. */
export function expand(text: string, path: Path, parsed: ParsedYaml, environment: Environment): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined || value === "")
      throw problem(parsed, path, `${path.join(".")} needs the environment variable ${name}, which is not set`);
    return value;
  });
}
