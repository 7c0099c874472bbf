/** Parameters of the Prometheus API, read by Prometheus' rules and refused in its words (web/api/v1/api.go of Prometheus 3). */
import type { FastifyRequest } from "fastify";
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { type EpochMillis, epochMillis } from "../../lib/units.ts";
import { durationMillis } from "../../promql/literals.ts";
import type { TimeRange } from "../../store/ports.ts";

/** What JavaScript's Date can hold; moments beyond it are cut to it where they bound a range. */
export const maxMillis = 8.64e15;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;
/** Go's own bounds, which clients send for "everything". */
const bounds: Record<string, number> = {
  "-292273086-05-16T16:47:06Z": -maxMillis,
  "292277025-08-18T07:12:54.999999999Z": maxMillis,
};

/** Form fields of the body, then those of the address, as Go's Request.Form has them. */
export function readForm(request: FastifyRequest): URLSearchParams {
  const form = new URLSearchParams(typeof request.body === "string" ? request.body : "");
  const search = request.raw.url!.indexOf("?");
  if (search >= 0) for (const [name, value] of new URLSearchParams(request.raw.url!.slice(search + 1))) form.append(name, value);
  return form;
}

export const badData = (message: string, input: string): ForetraceError => new ForetraceError("bad_usage", message, { input });
export const invalid = (name: string, reason: string): ForetraceError => badData(`invalid parameter "${name}": ${reason}`, name);

/** Runs a parser of PromQL; its refusals name the parameter, as in Prometheus: `invalid parameter "query": 1:5: …`. */
export function naming<T>(parameter: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isForetraceError(error) || error.code !== "bad_query") throw error;
    throw new ForetraceError("bad_query", `invalid parameter "${parameter}": ${error.message}`, error.place);
  }
}

/** Unix seconds or RFC 3339 to whole milliseconds; NaN when it is neither. */
export function timeMillis(text: string): number {
  // Go rounds the fraction to thousandths of a second.
  if (decimal.test(text)) return Math.trunc(Number(text)) * 1000 + Math.round((Number(text) % 1) * 1000);
  const match = rfc3339.exec(text);
  if (match === null) return bounds[text] ?? Number.NaN;
  const [, year, month, day] = match.map(Number);
  if (month! < 1 || month! > 12 || day! < 1 || day! > new Date(Date.UTC(year!, month!, 0)).getUTCDate()) return Number.NaN;
  const fraction = (match[7] ?? "").slice(0, 3).padEnd(3, "0");
  return Date.parse(`${text.slice(0, 19)}.${fraction}${match[8]}`);
}

const timeProblem = (text: string): string => `cannot parse ${JSON.stringify(text)} to a valid timestamp`;

/** A moment that must be there. */
export function requiredTime(form: URLSearchParams, name: string): EpochMillis {
  const text = form.get(name) ?? "";
  const millis = timeMillis(text);
  if (!(Math.abs(millis) <= maxMillis)) throw invalid(name, timeProblem(text));
  return epochMillis(millis);
}

/** A moment that may be left out. */
export function optionalTime(form: URLSearchParams, name: string, fallback: EpochMillis): EpochMillis {
  const text = form.get(name) ?? "";
  if (text === "") return fallback;
  const millis = timeMillis(text);
  if (!(Math.abs(millis) <= maxMillis)) throw invalid(name, `invalid time value for '${name}': ${timeProblem(text)}`);
  return epochMillis(millis);
}

/** start and end of a search for series, either of which may be left out; what lies beyond JavaScript's dates is cut. */
export function searchRange(form: URLSearchParams): TimeRange {
  const bound = (name: string, fallback: number): EpochMillis => {
    const text = form.get(name) ?? "";
    const millis = text === "" ? fallback : timeMillis(text);
    if (Number.isNaN(millis)) throw invalid(name, `invalid time value for '${name}': ${timeProblem(text)}`);
    return epochMillis(Math.max(-maxMillis, Math.min(maxMillis, millis)));
  };
  return { from: bound("start", -maxMillis), to: bound("end", maxMillis) };
}

/** Seconds or `5m` to milliseconds, or why it cannot be read. */
function duration(text: string): { millis: number } | { problem: string } {
  if (decimal.test(text)) {
    const nanos = Number(text) * 1e9;
    if (Math.abs(nanos) > 2 ** 63) return { problem: `cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64` };
    // Go keeps whole nanoseconds, which makes 33.001 s a little less than 33001 ms.
    return { millis: Math.trunc(nanos) / 1e6 };
  }
  const millis = text === "0" ? 0 : durationMillis(text);
  return Number.isNaN(millis) ? { problem: `cannot parse ${JSON.stringify(text)} to a valid duration` } : { millis };
}

export function stepMillis(form: URLSearchParams): number {
  const read = duration(form.get("step") ?? "");
  if ("problem" in read) throw invalid("step", read.problem);
  // Times are whole milliseconds, so a shorter step would stand still.
  if (read.millis < 1) {
    throw invalid("step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
  }
  return Math.trunc(read.millis);
}

/** Milliseconds, or undefined when not given. */
export function timeoutMillis(form: URLSearchParams): number | undefined {
  const text = form.get("timeout") ?? "";
  if (text === "") return undefined;
  const read = duration(text);
  if ("problem" in read) throw invalid("timeout", read.problem);
  return read.millis;
}

/** The lookback asked for; not given, zero or negative means the default. */
export function lookback(form: URLSearchParams): { lookbackMillis?: number } {
  const text = form.get("lookback_delta") ?? "";
  if (text === "") return {};
  const read = duration(text);
  if ("problem" in read) throw badData(`error parsing lookback delta duration: ${read.problem}`, "lookback_delta");
  return read.millis > 0 ? { lookbackMillis: read.millis } : {};
}

/** 0 = no limit. */
export function limitOf(form: URLSearchParams): number {
  const text = form.get("limit") ?? "";
  if (text === "") return 0;
  if (!/^[+-]?\d+$/.test(text)) throw invalid("limit", `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) < 0) throw invalid("limit", "limit must be non-negative");
  return Number(text);
}

/** The real name of a label that came escaped in an address (`U__http_2e_status` is `http.status`); as it is when it is not escaped. */
export function unescapeLabelName(name: string): string {
  if (!name.startsWith("U__")) return name;
  let valid = true;
  const real = name.slice(3).replace(/__|_([0-9a-fA-F]{0,6})(_?)/g, (all, hex: string | undefined, end: string | undefined) => {
    if (all === "__") return "_";
    const point = Number.parseInt(hex!, 16);
    if (end === "" || Number.isNaN(point) || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      valid = false;
      return "";
    }
    return String.fromCodePoint(point);
  });
  return valid ? real : name;
}
