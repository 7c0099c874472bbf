/** What is read for a selection, and in which pieces. Parameters of the statements are columns of (series, from, to). */
import type { TimeRange } from "../ports.ts";
import { maxTime } from "./chunk.ts";

/** Chunks in one answer of the database: 4 MB at most, 8 as the hexadecimal text they travel in. */
const pageChunks = 500;
export type ChunkStart = { readonly id: string; readonly first: string; readonly samples: number };
/** A stretch of one series, ends included. */
type Part = { readonly id: string; readonly from: number; readonly to: number };

/**
 * Cuts what is to be read so that no answer grows beyond {@link pageChunks}. Parts are cut by time and not by chunk: when an append makes
 * other chunks of the same samples while this reads, each sample is still read once.
 */
export function* pages(starts: readonly ChunkStart[], range: TimeRange): Generator<readonly Part[]> {
  const [from, to] = bounds(range);
  for (let at = 0; at < starts.length; at += pageChunks) {
    const end = Math.min(at + pageChunks, starts.length);
    const parts: Part[] = [];
    for (let first = at, next = at; first < end; first = next) {
      const { id } = starts[first]!;
      while (next < end && starts[next]!.id === id) next++;
      parts.push({
        id,
        from: starts[first - 1]?.id === id ? Number(starts[first]!.first) : from,
        to: starts[next]?.id === id ? Number(starts[next]!.first) - 1 : to,
      });
    }
    yield parts;
  }
}

export const columnsOf = (parts: readonly Part[]): [string[], number[], number[]] => [
  parts.map(({ id }) => id),
  parts.map(({ from }) => from),
  parts.map(({ to }) => to),
];

export const rangesOf = (ids: readonly string[], range: TimeRange): [string[], number[], number[]] => {
  const [from, to] = bounds(range);
  return columnsOf(ids.map((id) => ({ id, from, to })));
};

/** The whole milliseconds of a range, in what the database can compare: where no sample can lie, or a bound is no number, an empty range. */
export const bounds = ({ from, to }: TimeRange): [number, number] =>
  from <= to && from <= maxTime && to >= -maxTime
    ? [Math.max(Math.ceil(from), -maxTime), Math.min(Math.floor(to), maxTime)]
    : [maxTime + 1, -maxTime - 1];

const touching = (columns: string): string => `
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) with ordinality as w(id, low, high, part)
cross join lateral (
  select ${columns}, last_time from foretrace.chunk
  where series_id = w.id and first_time <= w.high
    and first_time >= coalesce((select max(first_time) from foretrace.chunk where series_id = w.id and first_time <= w.low), w.low)
) c
where c.last_time >= w.low
order by w.part, c.first_time`;

/** Where the chunks that touch the ranges begin, and how much they hold. */
export const chunkStarts = `select w.id, c.first_time as first, c.samples ${touching("first_time, samples")}`;

/** Chunks that touch the ranges; `part` is the index of the range. */
export const chunksInRanges = `select (w.part - 1)::integer as part, c.data ${touching("first_time, data")}`;

/** Series that have a sample in the range for certain: a chunk begins or ends in it. */
export const seriesWithEdge = `
select w.id::text as id
from unnest($1::bigint[]) as w(id)
where exists (
  select from foretrace.chunk where series_id = w.id and first_time between $2::bigint and $3::bigint
) or exists (
  select from (select last_time from foretrace.chunk where series_id = w.id and first_time <= $3::bigint order by first_time desc limit 1) c
  where c.last_time between $2::bigint and $3::bigint
)`;

/** The first and the last chunk of each series that touch the range. */
export const outermostChunks = `
select w.id, c.data
from unnest($1::bigint[]) as w(id)
cross join lateral (
  (select last_time, data from foretrace.chunk
   where series_id = w.id and first_time <= $3::bigint
     and first_time >= coalesce((select max(first_time) from foretrace.chunk where series_id = w.id and first_time <= $2::bigint), $2::bigint)
     and last_time >= $2::bigint
   order by first_time limit 1)
  union all
  (select last_time, data from foretrace.chunk where series_id = w.id and first_time <= $3::bigint order by first_time desc limit 1)
) c
where c.last_time >= $2::bigint`;

/** The last chunk of each series. */
export const newestChunks = `
select w.id, c.data
from unnest($1::bigint[]) as w(id)
cross join lateral (select data from foretrace.chunk where series_id = w.id order by first_time desc limit 1) c`;
