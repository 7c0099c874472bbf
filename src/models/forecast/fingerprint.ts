/** A short fingerprint of series, to see whether two trainings looked at the same data. Not for security. */
import { seriesKey, type Series } from "../../lib/series.ts";

/** 16 hex digits over labels, grid and the exact bits of the values (any NaN is one NaN), in the order given. */
export function fingerprint(series: readonly Series[]): string {
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  const add = (word: number): void => {
    low = Math.imul(low ^ word, 0x9e3779b1);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0x5f356495);
    high = (high << 13) | (high >>> 19);
  };
  const bits = new DataView(new ArrayBuffer(8));
  const addNumber = (value: number): void => {
    bits.setFloat64(0, value);
    add(bits.getInt32(0));
    add(bits.getInt32(4));
  };
  for (const { labels, start, step, values } of series) {
    for (const character of seriesKey(labels)) add(character.codePointAt(0)!);
    for (const value of [start, step, values.length]) addNumber(value);
    for (const value of values) addNumber(value);
  }
  return hex(low ^ (high >>> 16)) + hex(high ^ (low >>> 16));
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
