/** A closed window before it leaves: numbers only, so that holding back a whole generation of them stays small. */

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

/** A part of the core series: counts while events stream, writes what the window came to, starts anew. */
export type Family = {
  /** `row` covers [row.start, row.start + row.length). */
  close(row: Row): void;
};

/** Writes a count or sum; 0 is left out (absent means 0). */
export function putAmount(row: Row, series: number, value: number): void {
  if (value !== 0) row.values.push(series, value);
}
