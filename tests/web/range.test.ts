import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDurationNanos } from "../../src/lib/units.ts";
import { parseTraceRange } from "../../src/api/moments.ts";
import { fittingSpan, presets, rangeAnchor, resolveRange } from "../../src/web/range.ts";
import {
  anomalyHref,
  parseMoment,
  parseRange,
  parseRoute,
  parseTracePoint,
  sliceHref,
  traceHref,
  writeRange,
  writeTracePoint,
} from "../../src/web/url.ts";

const hour = 3_600_000;
const now = Date.parse("2026-11-24T13:00:00Z");

describe("resolveRange", () => {
  test("a live range ends where forecasts end, at most a third of its span ahead", () => {
    const live = { kind: "live", span: 6 * hour } as const;
    expect(resolveRange(live, now, now, null)).toEqual({ from: now - 6 * hour, to: now });
    expect(resolveRange(live, now, now, now + hour)).toEqual({ from: now - 6 * hour, to: now + hour });
    expect(resolveRange(live, now, now, now + 9 * hour)).toEqual({ from: now - 6 * hour, to: now + 2 * hour });
  });

  test("stands at the newest sample when that is old, on now when it is fresh", () => {
    const live = { kind: "live", span: hour } as const;
    expect(rangeAnchor(live, now, now - 2 * hour)).toBe(now - 2 * hour);
    expect(rangeAnchor(live, now, now - hour / 4)).toBe(now);
    expect(rangeAnchor(live, now, null)).toBe(now);
  });

  test("never ends before it begins", () => {
    const moment = fc.integer({ min: now - 30 * 24 * hour, max: now + hour });
    fc.assert(
      fc.property(fc.constantFrom(...presets), fc.option(moment), fc.option(moment), ({ span }, last, end) => {
        const range = resolveRange({ kind: "live", span }, now, last, end);
        expect(range.to - range.from).toBeGreaterThanOrEqual(span);
        expect(range.to - range.from).toBeLessThanOrEqual(span * 1.34);
      }),
    );
  });

  test("the first range shows all there is", () => {
    expect(fittingSpan(null, now)).toBe(6 * hour);
    expect(fittingSpan(now - 50 * 60_000, now)).toBe(hour);
    expect(fittingSpan(now - 6 * 24 * hour, now)).toBe(7 * 24 * hour);
    expect(fittingSpan(now - 60 * 24 * hour, now)).toBe(7 * 24 * hour);
  });
});

describe("addresses", () => {
  test("name the page", () => {
    expect(parseRoute("/", "?target=a").page).toBe("home");
    expect(parseRoute("/anomalies/omi%2F1", "")).toMatchObject({ page: "anomaly", id: "omi/1" });
    expect(parseRoute("/traces/3f1c/", "?from=1s")).toMatchObject({ page: "trace", id: "3f1c" });
    for (const path of ["/traces", "/traces/a/b", "/etc/passwd", "/anomalies//"]) expect(parseRoute(path, "").page).toBe("lost");
    expect(parseRoute("/traces/%E0%A4%A", "")).toMatchObject({ page: "trace", id: "%E0%A4%A" });
  });

  test("any id survives its link", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: "grapheme" }).filter((id) => id !== "." && id !== ".."),
        (id) => {
          expect(parseRoute(anomalyHref(id), "")).toMatchObject({ page: "anomaly", id });
          expect(parseRoute(traceHref(id), "")).toMatchObject({ page: "trace", id });
        },
      ),
    );
  });

  test("ranges are read as they were written", () => {
    const params = new URLSearchParams("target=a&from=1&to=2");
    writeRange(params, { kind: "live", span: 24 * hour });
    expect(params.toString()).toBe("target=a&span=24h");
    expect(parseRange(params)).toEqual({ kind: "live", span: 24 * hour });
    writeRange(params, { kind: "fixed", from: now, to: now + hour });
    expect(parseRange(params)).toEqual({ kind: "fixed", from: now, to: now + hour });
    expect(parseRange(new URLSearchParams("from=2026-11-24T13:00:00Z&to=2026-11-24T14:00:00Z"))).toEqual({
      kind: "fixed",
      from: now,
      to: now + hour,
    });
    for (const bad of ["", "span=3h", "from=5", "from=9&to=3", "from=x&to=y"]) expect(parseRange(new URLSearchParams(bad))).toBeUndefined();
    expect(parseMoment("2026")).toBe(2026);
    expect(parseMoment("soon")).toBeUndefined();
  });
});

describe("points of a trace", () => {
  test("are written as the shortest exact duration, which the API's own parser reads back", () => {
    expect([0, 7, 1_500, 1_234_567, 1_500_000_000].map(writeTracePoint)).toEqual(["0s", "7ns", "1500ns", "1.234567ms", "1.5s"]);
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 46 }), (nanos) => {
        expect(parseDurationNanos(writeTracePoint(nanos))).toBe(nanos);
        expect(parseTracePoint(writeTracePoint(nanos), undefined)).toBe(nanos);
      }),
    );
  });

  test("of an anomaly's link mean the same to the page and to the API", () => {
    const start = now - 1000;
    const url = new URL(traceHref("3f1c", now - 500, now + 250), "http://localhost");
    const query = { from: url.searchParams.get("from")!, to: url.searchParams.get("to")! };
    const asked = parseTraceRange(query, { id: "3f1c", start } as never);
    expect(asked).toEqual({ from: 500e6, to: 1250e6 });
    expect(parseTracePoint(query.from, start)).toBe(asked.from);
    expect(parseTracePoint(query.to, start)).toBe(asked.to);
    expect(parseTracePoint(query.from, undefined)).toBeUndefined();
    expect(parseTracePoint("1,5s", start)).toBeUndefined();
  });

  test("of a slice are read by the API", () => {
    const url = new URL(sliceHref("3f1c", 1_234_567, 2e9), "http://localhost");
    expect(url.pathname).toBe("/api/foretrace/v1/traces/3f1c/slice");
    expect(parseTraceRange(Object.fromEntries(url.searchParams), {} as never)).toEqual({ from: 1_234_567, to: 2e9 });
  });
});
