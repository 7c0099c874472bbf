/** Evaluates an expression at one moment or on a grid of moments, as Prometheus 3 does: 5 minutes of lookback, stale markers end a series. */
import { ForetraceError } from "../lib/errors.ts";
import type { Labels, Sample } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import type { SeriesStore } from "../store/ports.ts";
import type { Expr, ScalarExpr, ScalarOperator, Selector } from "./ast.ts";
import { compareLabels } from "./labels.ts";
import { isStale } from "../store/series/stale.ts";

/** What queries read from: the stored series, with the derived ones among them. */
export type Queryable = Pick<SeriesStore, "select" | "series" | "labelNames" | "labelValues">;

export type MatrixItem = { readonly labels: Labels; readonly samples: readonly Sample[] };
export type InstantResult =
  | { readonly type: "scalar"; readonly sample: Sample }
  | { readonly type: "string"; readonly t: EpochMillis; readonly text: string }
  | { readonly type: "vector"; readonly items: readonly { readonly labels: Labels; readonly sample: Sample }[] };
export type RangeResult = { readonly type: "matrix"; readonly items: readonly MatrixItem[] };

export const defaultLookbackMillis = 5 * 60_000;
/** More points than this in one answer are refused before they are made. */
const maxPoints = 2_000_000;

export type EvaluationOptions = { readonly lookbackMillis?: number };

export async function evaluateInstant(
  expr: Expr,
  at: EpochMillis,
  storage: Pick<Queryable, "select">,
  options: EvaluationOptions = {},
): Promise<InstantResult> {
  if (expr.kind === "string") return { type: "string", t: at, text: expr.value };
  if (expr.kind !== "selector") return { type: "scalar", sample: { t: at, v: scalarValue(expr) } };
  const items = await selectOnGrid(expr, { start: at, end: at, step: 1 }, storage, options);
  return { type: "vector", items: items.map(({ labels, samples }) => ({ labels, sample: samples[0]! })) };
}

/** Moments start, start + step, … up to and including end, in milliseconds. */
export type Grid = { readonly start: EpochMillis; readonly end: EpochMillis; readonly step: number };

/** @throws ForetraceError bad_query for a string; too_large when the answer would hold more than two million points. */
export async function evaluateRange(
  expr: Expr,
  grid: Grid,
  storage: Pick<Queryable, "select">,
  options: EvaluationOptions = {},
): Promise<RangeResult> {
  if (expr.kind === "string") {
    throw new ForetraceError("bad_query", 'invalid expression type "string" for range query, must be Scalar or instant Vector', {
      input: "query",
    });
  }
  if (expr.kind === "selector") return { type: "matrix", items: await selectOnGrid(expr, grid, storage, options) };
  const value = scalarValue(expr);
  const samples: Sample[] = [];
  for (let t: number = grid.start; t <= grid.end; t += grid.step) samples.push({ t: epochMillis(t), v: value });
  return { type: "matrix", items: [{ labels: {}, samples }] };
}

async function selectOnGrid(
  selector: Selector,
  grid: Grid,
  storage: Pick<Queryable, "select">,
  options: EvaluationOptions,
): Promise<MatrixItem[]> {
  const lookback = options.lookbackMillis ?? defaultLookbackMillis;
  const { offsetMillis } = selector;
  const batches = await storage.select(selector.matchers, {
    from: epochMillis(grid.start - offsetMillis - lookback + 1),
    to: epochMillis(grid.end - offsetMillis),
  });
  const moments = Math.floor((grid.end - grid.start) / grid.step) + 1;
  if (moments * batches.length > maxPoints) {
    throw new ForetraceError(
      "too_large",
      `the query selects ${batches.length} series at ${moments} moments, more than ${maxPoints} points; select fewer series or a longer step`,
      { input: "query" },
    );
  }
  return batches
    .map(({ labels, samples }) => ({ labels, samples: pickOnGrid(samples, grid, offsetMillis, lookback) }))
    .filter(({ samples }) => samples.length > 0)
    .sort((a, b) => compareLabels(a.labels, b.labels));
}

/** For each moment the newest sample that is at most `lookback` (exclusive) old, unless it is a stale marker. */
function pickOnGrid(samples: readonly Sample[], grid: Grid, offsetMillis: number, lookback: number): Sample[] {
  const picked: Sample[] = [];
  let next = 0;
  for (let t: number = grid.start; t <= grid.end; t += grid.step) {
    const reference = t - offsetMillis;
    while (next < samples.length && samples[next]!.t <= reference) next++;
    const sample = samples[next - 1];
    if (sample !== undefined && sample.t > reference - lookback && !isStale(sample.v)) picked.push({ t: epochMillis(t), v: sample.v });
  }
  return picked;
}

function scalarValue(expr: ScalarExpr): number {
  if (expr.kind === "number") return expr.value;
  if (expr.kind === "negation") return -scalarValue(expr.operand);
  return operators[expr.operator](scalarValue(expr.left), scalarValue(expr.right));
}

const truth = (value: boolean): number => (value ? 1 : 0);
const operators: Record<ScalarOperator, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "^": power,
  atan2: Math.atan2,
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  ">": (a, b) => truth(a > b),
  "<": (a, b) => truth(a < b),
  ">=": (a, b) => truth(a >= b),
  "<=": (a, b) => truth(a <= b),
};

/** IEEE 754's power, which JavaScript's differs from for a base of ±1. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}
