/** Colours that canvases draw with: legible in both themes. Contrast as WCAG 2.2 defines it. */
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { functionInk, shortFunction } from "../../src/web/color.ts";

type Rgb = [number, number, number];

/** `#rrggbb` or `hsl(h s% l%)`, as CSS Color 4 converts it. */
function parse(color: string): Rgb {
  if (color.startsWith("#")) return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255) as Rgb;
  const [h, s, l] = /hsl\((\d+) (\d+)% (\d+)%\)/.exec(color)!.slice(1).map(Number) as Rgb;
  const amount = (s / 100) * Math.min(l / 100, 1 - l / 100);
  return [0, 8, 4].map((n) => {
    const k = (n + h / 30) % 12;
    return l / 100 - amount * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  }) as Rgb;
}
function luminance(color: Rgb): number {
  const [r, g, b] = color.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(parse(a)), luminance(parse(b))].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

test("the measure itself: black on white is 21, #767676 on white just passes", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#767676", "#ffffff")).toBeGreaterThan(4.5);
  expect(contrast("#777777", "#ffffff")).toBeLessThan(4.5);
  expect(parse("hsl(120 100% 25%)").map((v) => Math.round(v * 255))).toEqual([0, 128, 0]);
});

describe.each([true, false])("dark: %s", (dark) => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });
  const load = async () => {
    vi.stubGlobal("matchMedia", () => ({ matches: dark, addEventListener: () => undefined }));
    vi.stubGlobal("document", { documentElement: { dataset: {} } });
    const { palette } = await import("../../src/web/theme.ts");
    return palette();
  };

  test("words on charts reach 4.5, lines 3", async () => {
    const ink = await load();
    for (const word of [ink.text, ink.muted]) expect(contrast(word, ink.surface)).toBeGreaterThanOrEqual(4.5);
    for (const line of [ink.observed, ink.expected, ink.forecast, ink.anomalyEdge, ink.counter, ink.stw, ink.assist])
      expect(contrast(line, ink.surface)).toBeGreaterThanOrEqual(3);
  });

  test("the name of any function is legible on its span", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom("runtime.gcBgMarkWorker", "runtime.bgsweep", "main.main")), (name) => {
        const ink = functionInk(name, dark);
        expect(contrast(ink.text, ink.fill)).toBeGreaterThanOrEqual(4.5);
      }),
      { numRuns: 1000 },
    );
  });
});

test("a function has one colour; GC workers and the runtime are told apart from the program", () => {
  expect(functionInk("main.work", true)).toEqual(functionInk("main.work", true));
  expect(functionInk("runtime.main", true)).not.toEqual(functionInk("runtime.bgsweep", true));
  expect(functionInk("runtime.gcBgMarkWorker", true)).not.toEqual(functionInk("runtime.bgsweep", true));
});

test.each([
  ["github.com/a/b/c.(*T).M", "c.(*T).M"],
  ["main.main.func1", "main.main.func1"],
  ["net/http.(*conn).serve", "http.(*conn).serve"],
  ["example.com/x.Map[go.shape.int,a/b.T]", "x.Map[go.shape.int,a/b.T]"],
])("short name of %s", (name, short) => expect(shortFunction(name)).toBe(short));
