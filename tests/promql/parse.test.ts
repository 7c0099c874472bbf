import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import { durationMillis, numberValue, stringValue } from "../../src/promql/literals.ts";
import { parsePromql, parseSelector } from "../../src/promql/parse.ts";
import type { Matcher } from "../../src/store/ports.ts";

/** "accepted", or the message of the refusal; anything thrown but a bad_query is a defect. */
function outcome(query: string, parse: (query: string) => unknown = parsePromql): string {
  try {
    parse(query);
    return "accepted";
  } catch (error) {
    if (isForetraceError(error) && error.code === "bad_query") return error.message;
    throw error;
  }
}

describe("what is not evaluated is refused by name and place", () => {
  test.each([
    ["rate(load[5m])", '1:1: function "rate" is not supported yet'],
    ["sum by (job) (load)", '1:1: aggregation "sum" is not supported yet'],
    ["load[5m]", "1:1: range selector [..] is not supported yet"],
    ["max_over_time(load[1h:5m])", '1:1: function "max_over_time" is not supported yet'],
    ["load @ 1609746000", "1:1: @ modifier is not supported yet"],
    ["1 +\n  load", '2:3: operator "+" with a vector is not supported yet'],
    ["-load", "1:2: unary operator on a vector is not supported yet"],
    ["load and load", '1:1: operator "and" with a vector is not supported yet'],
  ])("%s", (query, message) => {
    expect(outcome(query)).toBe(message);
  });

  test("experimental syntax that the grammar takes", () => {
    for (const query of ["load offset (5m + 1m)", "load </ 5", "load smoothed", "load anchored"])
      expect(outcome(query)).toMatch(/^1:\d+: /);
  });
});

describe("limits", () => {
  test("depth and length are refused before anything is built", () => {
    expect(outcome(`${"(".repeat(5000)}1${")".repeat(5000)}`)).toContain("nested deeper than 500 levels");
    expect(outcome(`1${" + 1".repeat(20_000)}`)).toContain("longer than 50000 characters");
    expect(outcome(`1${" + 1".repeat(2000)}`)).toContain("nested deeper");
  });
});

/** Pieces of the language and what stands near it. */
const piece = fc.oneof(
  fc.constantFrom(..."{}()[]=~!\"'`\\,+-*/%^#@.:<> \n\t"),
  fc.constantFrom(
    "load",
    "by",
    "sum",
    "rate",
    "offset",
    "bool",
    "and",
    "inf",
    "NaN",
    "5m",
    "0x",
    "1e",
    "=~",
    "!~",
    "==",
    "start()",
    "on",
    "ignoring",
  ),
  fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  fc.double().map(String),
);

describe("any text", () => {
  test("gives an expression or a bad_query with a place", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const query = pieces.join("");
        for (const parse of [parsePromql, parseSelector]) {
          expect(outcome(query, parse)).toMatch(/^accepted$|^\d+:\d+: |^match\[\] must/);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("quoted as a string it comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(stringValue(JSON.stringify(text))).toBe(text);
        const parsed = parsePromql(JSON.stringify(text));
        expect(parsed).toMatchObject({ kind: "string", value: text });
      }),
    );
  });

  test("as a matcher's value it is matched as it was", () => {
    const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/).filter((name) => !/^(nan|inf)$/i.test(name));
    const matcher = fc.record({ name: label, op: fc.constantFrom("=" as const, "!=" as const), value: fc.string({ unit: "grapheme" }) });
    fc.assert(
      fc.property(fc.array(matcher, { maxLength: 5 }), (matchers) => {
        const own = matchers.filter(({ name }) => name !== "__name__");
        const text = `load{${own.map(({ name, op, value }) => `${name} ${op} ${JSON.stringify(value)}`).join(" , ")}}`;
        const name: Matcher = { name: "__name__", op: "=", value: "load" };
        expect(parseSelector(text).matchers).toEqual([name, ...own]);
      }),
    );
  });
});

describe("numbers", () => {
  test("finite doubles keep their value in any notation JavaScript writes", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), (value) => {
        for (const text of [String(value), value.toExponential(), value.toExponential().toUpperCase()]) {
          expect(parsePromql(text)).toMatchObject({ kind: "number", value });
        }
      }),
    );
  });

  test("durations are seconds, their units in order", () => {
    expect(durationMillis("1h30m")).toBe(5_400_000);
    expect(durationMillis("1y2w3d4h5m6s7ms")).toBe(((((365 + 14 + 3) * 24 + 4) * 60 + 5) * 60 + 6) * 1000 + 7);
    for (const wrong of ["", "5", "m5", "30m1h", "1h1h", "1.5h", "5 m"]) expect(durationMillis(wrong)).toBeNaN();
    expect(numberValue("5m")).toBe(300);
    expect(numberValue("1_000")).toBe(1000);
  });
});

test("a selector in match[] stands alone", () => {
  for (const text of ["load offset 5m", "(load)", "1", "'x'", "load[5m]"]) {
    expect(outcome(text, parseSelector)).toBe("1:1: parse error: expected a plain series selector");
  }
  expect(outcome('{job=~".*"}', parseSelector)).toBe("match[] must contain at least one non-empty matcher");
});
