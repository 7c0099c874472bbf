import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ForetraceError } from "../../src/lib/errors.ts";
import {
  epochMillis,
  epochToTrace,
  formatBytes,
  formatDuration,
  formatNumber,
  parseDurationNanos,
  traceNanos,
  traceToEpoch,
} from "../../src/lib/units.ts";

describe("parseDurationNanos", () => {
  it.each([
    ["100ms", 100e6],
    ["1.5s", 1.5e9],
    ["5m", 300e9],
    ["1h30m", 5400e9],
    ["2d", 2 * 86400e9],
    ["250us", 250e3],
    ["250µs", 250e3],
    ["7ns", 7],
    ["0s", 0],
  ])("reads %s", (text, nanos) => expect(parseDurationNanos(text)).toBe(nanos));

  it.each(["", "5", "ms", "1,5s", "-1s", "1s2", " 1s", "1e3s", "s1"])("refuses %j and names the field", (text) => {
    expect(() => parseDurationNanos(text, "--window")).toThrow(/--window: .* is not a duration; write for example/);
    expect(() => parseDurationNanos(text)).toThrow(ForetraceError);
  });

  it("adds its parts", () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(59), fc.nat(999), (h, m, ms) => {
        expect(parseDurationNanos(`${h}h${m}m${ms}ms`)).toBe(h * 3600e9 + m * 60e9 + ms * 1e6);
      }),
    );
  });
});

describe("words for people", () => {
  it.each([
    [0, "0 s"],
    [7, "7 ns"],
    [5760, "5.76 µs"],
    [999_499, "999 µs"],
    [999_600, "1 ms"],
    [1_234_567_890, "1.23 s"],
    [185e9, "3 min 05 s"],
    [3_725e9, "1 h 02 min"],
    [Number.NaN, "–"],
  ])("%d ns is %s", (nanos, text) => expect(formatDuration(nanos)).toBe(text));
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [34_988_032, "33.4 MiB"],
  ])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
  it.each([
    [0.0123456, "0.0123"],
    [12.345, "12.3"],
    [1_234_567, "1,234,567"],
    [-0.5, "-0.5"],
  ])("%d reads %s", (value, text) => expect(formatNumber(value)).toBe(text));
});

it("moves between the clock of a trace and the wall and back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 41 }), fc.nat(86_400_000), (origin, millis) => {
      const at = traceToEpoch(epochMillis(origin), traceNanos(millis * 1e6));
      expect(at).toBe(origin + millis);
      expect(epochToTrace(epochMillis(origin), at)).toBe(millis * 1e6);
    }),
  );
});
