import fc from "fast-check";
import { expect, it } from "vitest";
import { formatSeriesName, parseSeriesName } from "../../src/lib/series.ts";

it("writes names as the Prometheus text format does", () => {
  expect(formatSeriesName({ __name__: "up" })).toBe("up");
  expect(formatSeriesName({ job: "b", __name__: "up", instance: "a" })).toBe('up{instance="a",job="b"}');
  expect(formatSeriesName({ __name__: "m", path: 'C:\\DIR\n"x"' })).toBe('m{path="C:\\\\DIR\\n\\"x\\""}');
  expect(formatSeriesName({ a: "1" })).toBe('{a="1"}');
});

it("reads back what it wrote", () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
  const labels = fc.dictionary(name, fc.string(), { maxKeys: 5 });
  fc.assert(
    fc.property(name, labels, (metric, rest) => {
      const all = { ...rest, __name__: metric };
      expect({ ...parseSeriesName(formatSeriesName(all)) }).toEqual({ ...all });
    }),
  );
});

it.each(["", "{", "up{a}", "up{a=1}", 'up{a="x"', 'up{a="x";b="y"}', "1up"])("refuses %j", (text) => {
  expect(() => parseSeriesName(text)).toThrow(/is not a series name/);
});
