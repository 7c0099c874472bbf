/** Series as chunks in PostgreSQL: one row a chunk, many series a statement. */
import { ForetraceError } from "../../lib/errors.ts";
import type { Labels, Sample } from "../../lib/series.ts";
import { epochMillis } from "../../lib/units.ts";
import { compileMatchers } from "../matchers.ts";
import type { Matcher, SampleBatch, SeriesStore, TimeRange } from "../ports.ts";
import type { Database } from "../sql.ts";
import { appendGroup, incoming, writeGroups } from "./append.ts";
import { decodeChunk } from "./chunk.ts";
import { samplesOf } from "./merge.ts";
import {
  bounds,
  chunksInRanges,
  type ChunkStart,
  chunkStarts,
  columnsOf,
  newestChunks,
  outermostChunks,
  pages,
  rangesOf,
  seriesWithEdge,
} from "./reading.ts";

/** Series in one read. */
const groupSize = 250;
/** Samples that one selection may give, as objects some 400 MB. */
const mostSamples = 10_000_000;

type Found = { readonly id: string; readonly labels: Labels };

export class SqlSeriesStore implements SeriesStore {
  readonly #database: Database;
  readonly #mostSamples: number;

  /** @param limit samples that one selection may give; beyond it is too_large. */
  constructor(database: Database, limit = mostSamples) {
    this.#database = database;
    this.#mostSamples = limit;
  }

  async append(batches: readonly SampleBatch[]): Promise<void> {
    for (const group of writeGroups(incoming(batches))) {
      await this.#database.transaction((sql) => appendGroup(sql, group));
    }
  }

  /** @throws ForetraceError too_large, before anything is read, when there are too many samples. */
  async select(matchers: readonly Matcher[], range: TimeRange): Promise<SampleBatch[]> {
    const batches: SampleBatch[] = [];
    let total = 0;
    for (const group of groups(await this.#matching(matchers), groupSize)) {
      const starts = await this.#database.query<ChunkStart>(chunkStarts, rangesOf(ids(group), range));
      total += starts.reduce((sum, { samples }) => sum + samples, 0);
      if (total > this.#mostSamples) {
        throw new ForetraceError(
          "too_large",
          `the selection holds more than ${this.#mostSamples.toLocaleString("en-US")} samples; ask for a shorter range or for fewer series`,
        );
      }
      const samples = new Map<string, Sample[]>(group.map(({ id }) => [id, []]));
      for (const page of pages(starts, range)) {
        const rows = await this.#database.query<{ part: number; data: Buffer }>(chunksInRanges, columnsOf(page));
        for (const { part, data } of rows) samplesOf(data, page[part]!.from, page[part]!.to, samples.get(page[part]!.id)!);
      }
      for (const { id, labels } of group) {
        const found = samples.get(id)!;
        if (found.length > 0) batches.push({ labels, samples: found });
      }
    }
    return batches;
  }

  async series(matchers: readonly Matcher[], range: TimeRange): Promise<Labels[]> {
    const present: Labels[] = [];
    for (const group of groups(await this.#matching(matchers), groupSize)) {
      const rows = await this.#database.query<{ id: string }>(seriesWithEdge, [ids(group), ...bounds(range)]);
      const certain = new Set(rows.map(({ id }) => id));
      // A chunk that begins before the range and ends behind it may have a gap there.
      const open = group.filter(({ id }) => !certain.has(id));
      const parameters = rangesOf(ids(open), range);
      for (const { part, data } of open.length === 0
        ? []
        : await this.#database.query<{ part: number; data: Buffer }>(chunksInRanges, parameters)) {
        if (decodeChunk(data).times.some((time) => time >= range.from && time <= range.to)) certain.add(open[part]!.id);
      }
      for (const { id, labels } of group) if (certain.has(id)) present.push(labels);
    }
    return present;
  }

  async extent(matchers: readonly Matcher[], range: TimeRange): Promise<TimeRange | undefined> {
    const [low, high] = bounds(range);
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    for (const group of groups(await this.#matching(matchers), groupSize)) {
      for (const { data } of await this.#database.query<{ data: Buffer }>(outermostChunks, [ids(group), low, high])) {
        for (const time of decodeChunk(data).times) {
          if (time < low || time > high) continue;
          from = Math.min(from, time);
          to = Math.max(to, time);
        }
      }
    }
    return from > to ? undefined : { from: epochMillis(from), to: epochMillis(to) };
  }

  async labelNames(matchers: readonly Matcher[], range: TimeRange): Promise<string[]> {
    const names = new Set((await this.series(matchers, range)).flatMap((labels) => Object.keys(labels)));
    return [...names].sort();
  }

  async labelValues(name: string, matchers: readonly Matcher[], range: TimeRange): Promise<string[]> {
    const values = new Set<string>();
    for (const labels of await this.series(matchers, range)) if (Object.hasOwn(labels, name)) values.add(labels[name]!);
    return [...values].sort();
  }

  async latest(matchers: readonly Matcher[]): Promise<{ labels: Labels; sample: Sample }[]> {
    const newest: { labels: Labels; sample: Sample }[] = [];
    for (const group of groups(await this.#matching(matchers), groupSize)) {
      const rows = await this.#database.query<{ id: string; data: Buffer }>(newestChunks, [ids(group)]);
      const labels = new Map(group.map((series) => [series.id, series.labels]));
      for (const { id, data } of rows) {
        const samples: Sample[] = [];
        samplesOf(data, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, samples);
        newest.push({ labels: labels.get(id)!, sample: samples.at(-1)! });
      }
    }
    return newest;
  }

  /** Series whose labels match, by id. The index answers for `=`; the rest is tested here. */
  async #matching(matchers: readonly Matcher[]): Promise<Found[]> {
    const matches = compileMatchers(matchers);
    const equal = matchers.filter(({ op, value }) => op === "=" && value !== "");
    const conditions = equal.map((_, index) => `labels @> $${index + 1}::jsonb`);
    const where = conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`;
    const values = equal.map(({ name, value }) => JSON.stringify({ [name]: value }));
    if (values.some((value) => value.includes("\\u0000") || /\\ud[89a-f]/.test(value))) return [];
    const rows = await this.#database.query<{ id: string; labels: Labels }>(
      `select id, labels from foretrace.series ${where} order by id`,
      values,
    );
    return rows.filter(({ labels }) => matches(labels));
  }
}

const ids = (group: readonly Found[]): string[] => group.map(({ id }) => id);

function* groups<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
