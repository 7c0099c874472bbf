/** Our matchers beside a real Prometheus that holds the same series. */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import type { Labels } from "../../src/lib/series.ts";
import { escapeLabelValue, formatSeriesName } from "../../src/lib/series.ts";
import { compileMatchers } from "../../src/store/matchers.ts";
import type { Matcher } from "../../src/store/ports.ts";
import { hasService, type Service, startPrometheus } from "../helpers/services.ts";

const values = ["", "a", "A", "ab", "b", "a.b", "ü", "10", "a+b", "[x]", "ab ab", "-"];
const series: Labels[] = [
  ...values.flatMap((x) => values.slice(0, 5).map((y) => ({ __name__: "m", x, y }))),
  ...values.map((x) => ({ __name__: "other", x })),
].map((labels) => Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== "")));
const everySeries = [...new Map(series.map((labels) => [formatSeriesName(labels), labels])).values()];

const patterns = [
  "a", "a|b", "a.*", ".*", ".+", "", "a?", "(?i)AB", "(?i:a)b?", "[a-z]+", "[^a]", "[^a]*", "(a|)b", "a\\.b", "a.b", "\\d+", "a\\+b", "\\[x\\]",
  "[[]x]", "(ab ?)+", "ü", "^a$", "a{1,2}b?", "(?P<n>a)b", "(?s).*", "(?i)[a-b]+", "\\S+", "[\\d.]+", "a|", "(?:a|ab)(?:b|)", "-", "[-a]", "[a\\-]",
  "(", "[", "a**", "*a", "(?=a)", "\\1", "a\\", "[b-a]", "x{2,1}", "(?i", "\\q", "[[:alpha:]]+", "\\pL", "(?U)a+", "a{,2}", "a{1001}", "\\Qa.b\\E", "\\C",
]; // prettier-ignore

/** What may be refused here though Prometheus takes it: said in src/store/matchers.ts. */
const narrower = new Set(["(?i:a)b?", "(?s).*", "[[:alpha:]]+", "\\pL", "(?U)a+", "\\Qa.b\\E", "\\C"]);

const key = (labels: Labels): string => formatSeriesName(labels);
const ours = (matchers: readonly Matcher[]): string[] | "refused" => {
  try {
    return everySeries.filter(compileMatchers(matchers)).map(key).sort();
  } catch (error) {
    if (isForetraceError(error) && error.code === "bad_query") return "refused";
    throw error;
  }
};

describe.skipIf(!hasService("prometheus"))("matchers", () => {
  let service: Service;
  beforeAll(async () => {
    const lines = everySeries.map((labels) => `${key(labels)} 1 1700000000`).sort();
    service = await startPrometheus({ blocks: `${lines.join("\n")}\n# EOF\n` });
  });
  afterAll(() => service?.stop());

  const theirs = async (matchers: readonly Matcher[]): Promise<string[] | "refused"> => {
    const selector = `{__name__=~"m|other",${matchers.map(({ name, op, value }) => `${name}${op}"${escapeLabelValue(value)}"`).join(",")}}`;
    const query = new URLSearchParams({ "match[]": selector, start: "1699999000", end: "1700001000" });
    const answer = (await (await fetch(`${service.url}/api/v1/series`, { method: "POST", body: query })).json()) as {
      status: string;
      data: Labels[];
    };
    return answer.status === "success" ? answer.data.map(key).sort() : "refused";
  };

  it("every pattern, as =~ and !~, on a label that all have, that some have, that none has", async () => {
    for (const value of patterns) {
      for (const op of ["=~", "!~"] as const) {
        for (const name of ["x", "y", "none"]) {
          const matcher: Matcher = { name, op, value };
          const mine = ours([matcher]);
          if (mine === "refused" && narrower.has(value)) continue;
          expect({ matcher, found: mine }).toEqual({ matcher, found: await theirs([matcher]) });
        }
      }
    }
  });

  it("any few matchers together (property)", async () => {
    const matcher = fc.record({
      name: fc.constantFrom("x", "y", "none"),
      op: fc.constantFrom("=", "!=", "=~", "!~"),
      value: fc.oneof(fc.constantFrom(...values), fc.constantFrom(...patterns.slice(0, 20)), fc.stringMatching(/^[ab.|*+?()^$-]{0,6}$/)),
    }) as fc.Arbitrary<Matcher>;
    await fc.assert(
      fc.asyncProperty(fc.array(matcher, { minLength: 1, maxLength: 3 }), async (matchers) => {
        const mine = ours(matchers);
        if (mine === "refused" && matchers.some(({ value }) => narrower.has(value))) return;
        expect(mine).toEqual(await theirs(matchers));
      }),
      { numRuns: 150 },
    );
  });
});

/** Whether sixty a match; undefined where the pattern is refused. */
const matchesAs = (value: string): boolean | undefined => {
  try {
    return compileMatchers([{ name: "x", op: "=~", value }])({ x: "a".repeat(60) });
  } catch {
    return undefined;
  }
};

describe("matchers of any text", () => {
  it("a dot matches a line end too, as since Prometheus 3", () => {
    expect(compileMatchers([{ name: "x", op: "=~", value: "a.b" }])({ x: "a\nb" })).toBe(true);
  });

  it("patterns that backtrack without end end all the same, or are refused", () => {
    expect(["(a+)+b", "(a|a)*b", "(a|aa)+b", "(a*)*b", "((a+){2,9}a+)+c"].map(matchesAs)).toEqual([false, false, false, false, false]);
    expect(["(a*){1,30}b", "(a|aa){1,40}b", "(a+)+b{20}"].map(matchesAs)).toEqual([undefined, undefined, undefined]);
    expect(["[a-z]{60}", "a{59}a?"].map(matchesAs)).toEqual([true, true]);
  });

  it("compile, or are refused as bad queries; nothing else happens (property)", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\\[\](){}a-c^$.|*+?:<>!-]{0,20}$/)), (value) => {
        expect(ours([{ name: "x", op: "=~", value }])).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});
