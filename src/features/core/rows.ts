/** A closed window before it leaves: numbers only, so that holding back a whole generation of them stays small. */
import { ForetraceError } from "../../lib/errors.ts";
import { formatDuration } from "../../lib/units.ts";

export type Row = {
  readonly index: number;
  readonly start: number;
  readonly length: number;
  /** Finished values: series number, value, series number, value, … */
  readonly values: number[];
  /** Levels that are not all zero: level, high and low part of the integral, maximum, … */
  readonly levels: number[];
  /** What turned out in this window to have been so since the beginning: level, how many, … */
  readonly backdated: number[];
};

export const createRow = (index: number, start: number, length: number): Row => ({
  index,
  start,
  length,
  values: [],
  levels: [],
  backdated: [],
});

/** 64 MB: some 100,000 windows of the core series, of which a generation has ten in ordinary use. */
const mostHeldNumbers = 8e6;

/** Windows whose values are not final yet, since a goroutine may still tell that it was there all the time. */
export class HeldRows {
  private rows: Row[] = [];
  private numbers = 0;

  /** @throws ForetraceError too_many_windows where they would take more than 64 MB. */
  push({ index, start, length, values, levels, backdated }: Row): Row {
    this.numbers += values.length + levels.length + backdated.length;
    if (this.numbers > mostHeldNumbers) {
      throw new ForetraceError(
        "too_many_windows",
        `the trace has more windows of ${formatDuration(length)} before its second generation than can be held back ` +
          `(${this.rows.length.toLocaleString("en-US")}, up to ${formatDuration(start)}); use a longer window`,
      );
    }
    // Copies have no room to spare.
    const row = { index, start, length, values: values.slice(), levels: levels.slice(), backdated: backdated.slice() };
    this.rows.push(row);
    return row;
  }

  take(): Row[] {
    const { rows } = this;
    this.rows = [];
    this.numbers = 0;
    return rows;
  }
}

/** A part of the core series: counts while events stream, writes what the window came to, starts anew. */
export type Family = {
  /** `row` covers [row.start, row.start + row.length). */
  close(row: Row): void;
};

/** Writes a count or sum; 0 is left out (absent means 0). */
export function putAmount(row: Row, series: number, value: number): void {
  if (value !== 0) row.values.push(series, value);
}
