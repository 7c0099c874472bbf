import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { formatAge, formatInterval, formatMoment, formatShare, formatValue, shortId, unitKind, zoneName } from "../../src/web/format.ts";
import { factorText } from "../../src/web/pages/contributions.ts";

const at = Date.parse("2026-11-24T13:05:09Z");
const zone = process.env["TZ"];
afterEach(() => {
  process.env["TZ"] = zone;
});

describe("formatValue", () => {
  test.each([
    [0.00042, "seconds", "420 µs"],
    [0.00042, "s", "420 µs"],
    [90, "seconds", "1 min 30 s"],
    [3_145_728, "bytes", "3 MiB"],
    [3_145_728, "B", "3 MiB"],
    [0.123, "ratio", "12.3 %"],
    [1_234_567, "", "1.23 M"],
    [12_345, "", "12,345"],
    [0, "seconds", "0 s"],
  ])("%d %s → %s", (value, unit, text) => expect(formatValue(value, unit)).toBe(text));

  test("missing is a dash, whatever the unit", () => {
    for (const value of [null, undefined, Number.NaN, Infinity]) expect(formatValue(value, "seconds")).toBe("–");
  });

  test("says the value to within a half per cent", () => {
    const scale: Record<string, number> = { ns: 1e-9, µs: 1e-6, ms: 1e-3, s: 1 };
    fc.assert(
      fc.property(fc.double({ min: 1e-8, max: 59, noNaN: true }), (seconds) => {
        const [number, unit] = formatValue(seconds, "seconds").split(" ");
        expect(Math.abs(Number(number) * scale[unit!]! - seconds)).toBeLessThanOrEqual(seconds * 0.00501);
      }),
    );
  });

  test("knows the unit words of catalogue and metric names", () => {
    expect(["s", "seconds", "B", "bytes", "ratio", "", "volts"].map(unitKind)).toEqual([
      "seconds",
      "seconds",
      "bytes",
      "bytes",
      "ratio",
      "number",
      "number",
    ]);
  });
});

describe("moments in the reader's zone", () => {
  test.each([
    ["Europe/Berlin", "24 Nov 14:05:09", "Europe/Berlin (UTC+1)"],
    ["Asia/Kolkata", "24 Nov 18:35:09", "Asia/Calcutta (UTC+5:30)"],
    ["America/St_Johns", "24 Nov 09:35:09", "America/St_Johns (UTC−3:30)"],
    ["UTC", "24 Nov 13:05:09", "UTC"],
  ])("%s", (name, moment, words) => {
    process.env["TZ"] = name;
    expect(formatMoment(at)).toBe(moment);
    expect(zoneName(at).replace("Kolkata", "Calcutta")).toBe(words);
  });

  test("names the year only when it is not this one, the day of the end only when it differs", () => {
    process.env["TZ"] = "UTC";
    expect(formatMoment(at, Date.parse("2027-01-01T00:00:00Z"))).toBe("24 Nov 2026 13:05:09");
    expect(formatInterval(at, at + 123_000)).toBe("24 Nov 13:05:09 – 13:07:12");
    expect(formatInterval(at, at + 86_400_000)).toBe("24 Nov 13:05:09 – 25 Nov 13:05:09");
  });

  test.each([
    [2_000, "just now"],
    [39_000, "39 s ago"],
    [180_000, "3 min ago"],
    [7_200_000, "2 h ago"],
    [-3_480_000, "in 58 min"],
    [5 * 86_400_000, "5 d ago"],
  ])("age of %d ms: %s", (age, text) => expect(formatAge(at - age, at)).toBe(text));
});

test("shares: never a bare zero for something", () => {
  expect([0, 0.0004, 0.0044, 0.12, 0.9951, 1].map(formatShare)).toEqual(["0 %", "< 0.1 %", "0.4 %", "12 %", "100 %", "100 %"]);
});

test("factors: far below is a division, a ratio that says nothing is a dash", () => {
  expect(factorText(6, 2)).toBe("× 3");
  expect(factorText(0.001, 10)).toBe("÷ 10,000");
  expect(factorText(0, 5)).toBe("× 0");
  for (const [observed, expected] of [
    [1, 0],
    [-1, 2],
    [null, 1],
    [1, null],
  ] as const)
    expect(factorText(observed, expected)).toBe("–");
});

test("short ids", () => {
  expect(shortId("0123456789abcdef")).toBe("0123456789");
  expect(shortId("omi-1-1900")).toBe("omi-1-1900");
});
