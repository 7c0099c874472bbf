/** What the models said: forecasts, anomalous windows, reports; JSON records beside the columns they are found by. */
import { type Labels, seriesKey } from "../lib/series.ts";
import type { EpochMillis } from "../lib/units.ts";
import type { AnomalyRecord, ForecastRecord, OutcomeStore, ReportRecord, TimeRange } from "./ports.ts";
import type { Database, Sql } from "./sql.ts";

/** Forecasts in one statement. */
const groupSize = 200;

export class SqlOutcomeStore implements OutcomeStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async putForecasts(records: readonly ForecastRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#database.transaction(async (sql) => {
      for (let at = 0; at < records.length; at += groupSize) await insertForecasts(sql, records.slice(at, at + groupSize));
    });
  }

  async latestForecasts({ target, issuedBefore }: { target?: string; issuedBefore?: EpochMillis }): Promise<ForecastRecord[]> {
    const rows = await this.#database.query<{ record: ForecastRecord }>(
      `select f.record from foretrace.forecast_series s
       cross join lateral (
         select record from foretrace.forecast
         where target = s.target and series = s.series and ($2::double precision is null or issued_at <= $2)
         order by issued_at desc, id limit 1
       ) f
       where $1::text is null or s.target = $1
       order by s.target, s.series`,
      [target ?? null, issuedBefore ?? null],
    );
    return rows.map(({ record }) => record);
  }

  async forecasts({ target, labels, range }: { target?: string; labels?: Labels; range: TimeRange }): Promise<ForecastRecord[]> {
    const rows = await this.#database.query<{ record: ForecastRecord }>(
      `select record from foretrace.forecast
       where ($1::text is null or target = $1) and ($2::text is null or series = $2) and issued_at >= $3 and issued_at <= $4
       order by issued_at, target, series, id`,
      [target ?? null, labels === undefined ? null : seriesKey(labels), range.from, range.to],
    );
    return rows.map(({ record }) => record);
  }

  async putAnomalies(target: string, range: TimeRange, records: readonly AnomalyRecord[]): Promise<void> {
    const unique = [...new Map(records.map((record) => [record.id, record])).values()];
    await this.#database.transaction(async (sql) => {
      await sql.query("delete from foretrace.anomaly where target = $1 and first_time <= $3 and last_time >= $2", [
        target,
        range.from,
        range.to,
      ]);
      await sql.query(
        `insert into foretrace.anomaly (id, target, first_time, last_time, record)
         select r->>'id', r->>'target', (r->>'from')::double precision, (r->>'to')::double precision, r
         from jsonb_array_elements($1::jsonb) as r
         on conflict (id) do update set target = excluded.target, first_time = excluded.first_time, last_time = excluded.last_time, record = excluded.record`,
        [JSON.stringify(unique)],
      );
    });
  }

  async anomalies({ target, range, limit }: { target?: string; range?: TimeRange; limit?: number }): Promise<AnomalyRecord[]> {
    const rows = await this.#database.query<{ record: AnomalyRecord }>(
      `select record from foretrace.anomaly
       where ($1::text is null or target = $1) and ($2::double precision is null or (last_time >= $2 and first_time <= $3::double precision))
       order by first_time desc, id limit $4`,
      [target ?? null, range?.from ?? null, range?.to ?? null, limit ?? null],
    );
    return rows.map(({ record }) => record);
  }

  async anomaly(id: string): Promise<AnomalyRecord | undefined> {
    const [row] = await this.#database.query<{ record: AnomalyRecord }>("select record from foretrace.anomaly where id = $1", [id]);
    return row?.record;
  }

  async putReport(record: ReportRecord, { markdown, html }: { markdown: string; html: string }): Promise<void> {
    await this.#database.query(
      `insert into foretrace.report (id, created_at, record, markdown, html) values ($1, $2, $3::jsonb, $4, $5)
       on conflict (id) do update set created_at = excluded.created_at, record = excluded.record, markdown = excluded.markdown, html = excluded.html`,
      [record.id, record.createdAt, JSON.stringify(record), markdown, html],
    );
  }

  async reports(): Promise<ReportRecord[]> {
    const rows = await this.#database.query<{ record: ReportRecord }>("select record from foretrace.report order by created_at desc, id");
    return rows.map(({ record }) => record);
  }

  async report(id: string): Promise<{ record: ReportRecord; markdown: string; html: string } | undefined> {
    const [row] = await this.#database.query<{ record: ReportRecord; markdown: string; html: string }>(
      "select record, markdown, html from foretrace.report where id = $1",
      [id],
    );
    return row;
  }
}

async function insertForecasts(sql: Sql, records: readonly ForecastRecord[]): Promise<void> {
  const unique = [...new Map(records.map((record) => [record.id, record])).values()];
  const series = unique.map(({ labels }) => seriesKey(labels));
  await sql.query(
    `insert into foretrace.forecast_series (target, series)
     select distinct t, s from unnest($1::text[], $2::text[]) as n(t, s) order by t, s on conflict do nothing`,
    [unique.map(({ target }) => target), series],
  );
  await sql.query(
    `insert into foretrace.forecast (id, target, series, issued_at, record)
     select r->>'id', r->>'target', s, (r->>'issuedAt')::double precision, r
     from rows from (jsonb_array_elements($1::jsonb), unnest($2::text[])) as n(r, s)
     on conflict (id) do update set target = excluded.target, series = excluded.series, issued_at = excluded.issued_at, record = excluded.record`,
    [JSON.stringify(unique), series],
  );
}
