/** Prometheus' JSON answers → samples. */
import { ForetraceError } from "../../lib/errors.ts";
import type { Labels, Sample } from "../../lib/series.ts";
import { epochMillis } from "../../lib/units.ts";
import type { SampleSeries } from "../samples.ts";

type MatrixItem = { metric?: Labels; values?: [number, string][]; histograms?: unknown[] };
type Answer = { status?: string; data?: { resultType?: string; result?: unknown }; error?: string; errorType?: string };

/** The body as an object, or undefined when it is not the JSON of a Prometheus API (a proxy's error page, for example). */
export function parseAnswer(body: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A value as the API writes it: "1.5", "NaN", "+Inf", "-Inf", "1e+00". */
export function parseSampleValue(text: string): number {
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return text.trim() === "" ? Number.NaN : Number(text);
}

/**
 * The series of a range query's answer. Points the server leaves out are missing; a NaN it gives is a sample with the value NaN.
 * @throws ForetraceError source_rejected when the answer is no matrix, or holds native histograms.
 */
export function readMatrix(answer: Answer, source: string): SampleSeries[] {
  const { data } = answer;
  if (data?.resultType !== "matrix" || !Array.isArray(data.result)) {
    throw new ForetraceError("source_rejected", `${source}: the answer is a ${data?.resultType ?? "text without a result"}, not a matrix`, {
      input: source,
    });
  }
  return (data.result as MatrixItem[]).map((item) => {
    if (item.values === undefined && item.histograms !== undefined) {
      throw new ForetraceError(
        "source_rejected",
        `${source}: the result is native histograms; ask for numbers, for example histogram_quantile(0.99, …)`,
        {
          input: source,
        },
      );
    }
    const samples = (item.values ?? []).map(([seconds, text]): Sample => ({
      t: epochMillis(Math.round(seconds * 1000)),
      v: parseSampleValue(text),
    }));
    return { labels: item.metric ?? {}, samples };
  });
}
