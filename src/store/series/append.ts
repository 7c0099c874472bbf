/** Appending to many series at once: read the chunks that the samples fall into, merge, write what changed. */
import type { Sample } from "../../lib/series.ts";
import type { SampleBatch } from "../ports.ts";
import type { Sql } from "../sql.ts";
import { type Columns, decodeChunk, maxChunkSamples } from "./chunk.ts";
import { fingerprint, identify, type SeriesIdentity } from "./identity.ts";
import { type Chunk, concatColumns, mergeColumns, toChunks, toColumns } from "./merge.ts";

/** Series and samples in one transaction: bounds the memory of a statement and how long others wait for it. */
const groupSize = 250;
const groupSamples = 100_000;
/** Samples of one series in one piece. */
const pieceSamples = 40 * maxChunkSamples;

export type Incoming = { readonly identity: SeriesIdentity; readonly columns: Columns };

/** One entry a series, its samples cut to pieces of at most {@link pieceSamples}. Empty ones are left out. */
export function incoming(batches: readonly SampleBatch[]): Incoming[] {
  const bySeries = new Map<string, { identity: SeriesIdentity; samples: (readonly Sample[])[] }>();
  for (const { labels, samples } of batches) {
    if (samples.length === 0) continue;
    const identity = identify(labels);
    const known = bySeries.get(identity.key);
    if (known === undefined) bySeries.set(identity.key, { identity, samples: [samples] });
    else known.samples.push(samples);
  }
  return [...bySeries.values()].flatMap(({ identity, samples }) => {
    const { times, values } = toColumns(samples);
    const pieces: Incoming[] = [];
    for (let at = 0; at < times.length; at += pieceSamples) {
      pieces.push({ identity, columns: { times: times.subarray(at, at + pieceSamples), values: values.subarray(at, at + pieceSamples) } });
    }
    return pieces;
  });
}

export async function appendGroup(sql: Sql, group: readonly Incoming[]): Promise<void> {
  const seriesIds = await ensureSeries(
    sql,
    group.map(({ identity }) => identity),
  );
  // Two pieces of one series must see each other: one after the other.
  let rest = group;
  while (rest.length > 0) {
    const round = new Map<string, Incoming>();
    const later: Incoming[] = [];
    for (const piece of rest) {
      if (round.has(piece.identity.key)) later.push(piece);
      else round.set(piece.identity.key, piece);
    }
    await mergeRound(sql, [...round.values()], seriesIds);
    rest = later;
  }
}

/** Ids of the series, made where they are new, and locked against another append until the transaction ends. */
async function ensureSeries(sql: Sql, identities: readonly SeriesIdentity[]): Promise<Map<string, string>> {
  const byPrint = new Map(identities.map((identity) => [fingerprint(identity.key), identity]));
  const prints = [...byPrint.keys()].sort();
  const find = (): Promise<{ id: string; print: string }[]> =>
    sql.query(
      "select id, encode(fingerprint, 'hex') as print from foretrace.series where fingerprint in (select decode(p, 'hex') from unnest($1::text[]) p) order by id for update",
      [prints],
    );
  let rows = await find();
  if (rows.length < prints.length) {
    const known = new Set(rows.map(({ print }) => print));
    const missing = prints.filter((print) => !known.has(print));
    await sql.query(
      "insert into foretrace.series (fingerprint, labels) select decode(p, 'hex'), l::jsonb from unnest($1::text[], $2::text[]) as n(p, l) on conflict (fingerprint) do nothing",
      [missing, missing.map((print) => JSON.stringify(byPrint.get(print)!.labels))],
    );
    rows = await find();
  }
  return new Map(rows.map(({ id, print }) => [byPrint.get(print)!.key, id]));
}

export function* writeGroups(pieces: readonly Incoming[]): Generator<readonly Incoming[]> {
  let group: Incoming[] = [];
  let samples = 0;
  for (const piece of pieces) {
    const count = piece.columns.times.length;
    if (group.length > 0 && (group.length >= groupSize || samples + count > groupSamples)) {
      yield group;
      group = [];
      samples = 0;
    }
    group.push(piece);
    samples += count;
  }
  if (group.length > 0) yield group;
}

type PutChunk = { readonly id: string; readonly chunk: Chunk };
type StoredChunk = { readonly id: string; readonly first: number; readonly data: Buffer };

async function mergeRound(sql: Sql, pieces: readonly Incoming[], seriesIds: ReadonlyMap<string, string>): Promise<void> {
  const wanted = pieces.map(({ identity, columns: { times } }) => ({
    id: seriesIds.get(identity.key)!,
    from: times[0]!,
    to: times.at(-1)!,
  }));
  const rows = await sql.query<{ id: string; first: string; data: Buffer }>(chunksToMerge, [
    wanted.map(({ id }) => id),
    wanted.map(({ from }) => from),
    wanted.map(({ to }) => to),
    maxChunkSamples,
  ]);
  const stored = Map.groupBy(
    rows.map(({ id, first, data }): StoredChunk => ({ id, first: Number(first), data })),
    ({ id }) => id,
  );
  const put: PutChunk[] = [];
  const gone: { id: string; first: number }[] = [];
  for (const { identity, columns } of pieces) {
    const id = seriesIds.get(identity.key)!;
    const before = stored.get(id) ?? [];
    const merged = before.length === 0 ? columns : mergeColumns(concatColumns(before.map(({ data }) => decodeChunk(data))), columns);
    const after = toChunks(merged);
    const old = new Map(before.map(({ first, data }) => [first, data]));
    for (const chunk of after) if (old.get(chunk.first)?.equals(chunk.data) !== true) put.push({ id, chunk });
    const kept = new Set(after.map(({ first }) => first));
    gone.push(...before.filter(({ first }) => !kept.has(first)));
  }
  if (gone.length > 0) {
    await sql.query("delete from foretrace.chunk where (series_id, first_time) in (select * from unnest($1::bigint[], $2::bigint[]))", [
      gone.map(({ id }) => id),
      gone.map(({ first }) => first),
    ]);
  }
  if (put.length > 0) await putChunks(sql, put);
}

/** All data as one parameter in binary, cut by the server: an array of bytea would travel as hexadecimal text. */
async function putChunks(sql: Sql, chunks: readonly PutChunk[]): Promise<void> {
  let at = 1;
  const offsets = chunks.map(({ chunk }) => (at += chunk.data.length) - chunk.data.length);
  await sql.query(
    `insert into foretrace.chunk (series_id, first_time, last_time, samples, data)
     select id, first, last, samples, substring($7::bytea from offset_ for length_)
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[], $5::integer[], $6::integer[]) as n(id, first, last, samples, offset_, length_)
     on conflict (series_id, first_time) do update set last_time = excluded.last_time, samples = excluded.samples, data = excluded.data`,
    [
      chunks.map(({ id }) => id),
      chunks.map(({ chunk }) => chunk.first),
      chunks.map(({ chunk }) => chunk.last),
      chunks.map(({ chunk }) => chunk.samples),
      offsets,
      chunks.map(({ chunk }) => chunk.data.length),
      Buffer.concat(chunks.map(({ chunk }) => chunk.data)),
    ],
  );
}

/**
 * What an append must see: the chunks that its samples fall into, and their two neighbours where those have room, so that samples that
 * come one at a time, also backwards, fill chunks. The chunk before is found through the index; chunks of a series do not overlap.
 */
const chunksToMerge = `
select w.id, c.first_time as first, c.data
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as w(id, low, high)
cross join lateral (
  select first_time, last_time, samples, data from foretrace.chunk
  where series_id = w.id
    and first_time >= coalesce((select max(first_time) from foretrace.chunk where series_id = w.id and first_time <= w.low), w.low)
    and first_time <= coalesce((select min(first_time) from foretrace.chunk where series_id = w.id and first_time > w.high), w.high)
) c
where (c.last_time >= w.low and c.first_time <= w.high) or c.samples < $4
order by w.id, c.first_time`;
