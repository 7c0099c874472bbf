import { describe, expect, test } from "vitest";
import { traceFromText } from "../../src/trace/text/from-text.ts";

const body = (text: string): number[] => [...traceFromText(`Trace Go1.23\n${text}`).subarray(16)];

// The text tests of Go and their binary twins are in golden.test.ts.
describe("the text form", () => {
  test("begins with the header, and skips comments and blank lines", () => {
    const bytes = traceFromText("# a comment\n\nTrace Go1.26\n\nEndOfGeneration # the end\n");
    expect(new TextDecoder().decode(bytes.subarray(0, 16))).toBe("go 1.26 trace\0\0\0");
    expect([...bytes.subarray(16)]).toEqual([52]);
  });

  test("writes 64-bit values", () => {
    expect(body("EventBatch gen=1 m=18446744073709551615 time=300 size=0")).toEqual([
      1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 172, 2, 0,
    ]);
  });

  test("reads Go string literals as bytes", () => {
    expect(body(String.raw`String id=1` + "\n\t" + String.raw`data="a\n\t\\\"\xff\377é\u00e9\U0001F600#"`)).toEqual([
      5, 1, 16, 97, 10, 9, 92, 34, 255, 255, 195, 169, 195, 169, 240, 159, 152, 128, 35,
    ]);
  });

  const wrong = [
    ["", /line 1 .*expected "Trace Go1.N"/],
    ["Trace Go1.22\nGoBlok dt=1", /line 2 .*unknown event "GoBlok"/],
    ["Trace Go1.22\n\nGoStart dt=1 g=1", /line 3 .*expected 3 arguments \(dt, g, g_seq\), got 2/],
    ["Trace Go1.22\nGoStart dt=1 g_seq=1 g=1", /line 2 .*expected g=NUMBER, got "g_seq=1"/],
    ["Trace Go1.22\nGoDestroy dt=-1", /expected dt=NUMBER/],
    ["Trace Go1.22\nGoDestroy dt=18446744073709551616", /dt does not fit 64 bits/],
    ["Trace Go1.22\nStack id=1 nframes=2\n\tpc=1 func=1 file=1 line=1", /expected 4 arguments/],
    ["Trace Go1.22\nString id=1\n", /expected data="…"/],
    ['Trace Go1.22\nString id=1\n data="\\q"', /no Go string literal/],
    ['Trace Go1.22\nString id=1\n data="\\UFFFFFFFF"', /beyond Unicode/],
  ] as const;
  test.each(wrong)("refuses %j", (text, message) => {
    expect(() => traceFromText(text)).toThrow(message);
  });
});
