/** Traces: the bytes are files `traces/<first two digits>/<id>` of the data folder, the records rows. First the file, then the row. */
import { createReadStream } from "node:fs";
import { access, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ForetraceError } from "../lib/errors.ts";
import { asidePath, moveInto, writeStream } from "./files.ts";
import type { TimeRange, TraceRecord, TraceStore } from "./ports.ts";
import type { Database } from "./sql.ts";

type RecordRow = { record: TraceRecord };
type Change = Parameters<TraceStore["update"]>[1];

export class SqlTraceStore implements TraceStore {
  readonly #database: Database;
  readonly #dataDir: string;

  constructor(database: Database, dataDir: string) {
    this.#database = database;
    this.#dataDir = dataDir;
  }

  async put(
    bytes: AsyncIterable<Uint8Array>,
    { limitBytes, ...meta }: Parameters<TraceStore["put"]>[1],
  ): Promise<{ record: TraceRecord; created: boolean }> {
    const aside = await asidePath(this.#dataDir);
    const written = await writeStream(aside, bytes, limitBytes);
    try {
      if (written.bytes === 0) throw new ForetraceError("empty_input", "the upload holds no bytes");
      const record: TraceRecord = { id: written.sha256, bytes: written.bytes, status: "stored", ...meta };
      await moveInto(aside, this.#file(record.id));
      const added = await this.#database.query<RecordRow>(
        "insert into foretrace.trace (id, target, uploaded_at, record) values ($1, $2, $3, $4::jsonb) on conflict (id) do nothing returning record",
        [record.id, record.target, record.uploadedAt, JSON.stringify(record)],
      );
      if (added.length > 0) return { record: added[0]!.record, created: true };
      return { record: (await this.get(record.id)) ?? record, created: false };
    } finally {
      await rm(aside, { force: true });
    }
  }

  async get(id: string): Promise<TraceRecord | undefined> {
    const [row] = await this.#database.query<RecordRow>("select record from foretrace.trace where id = $1", [storable(id)]);
    return row?.record;
  }

  async list({ target, range, limit }: { target?: string; range?: TimeRange; limit?: number }): Promise<TraceRecord[]> {
    const rows = await this.#database.query<RecordRow>(
      `select record from foretrace.trace
       where ($1::text is null or target = $1)
         and ($2::double precision is null or (coalesce(last_time, uploaded_at) >= $2 and coalesce(first_time, uploaded_at) <= $3::double precision))
       order by uploaded_at desc, id limit $4`,
      [target === undefined ? null : storable(target), range?.from ?? null, range?.to ?? null, limit ?? null],
    );
    return rows.map(({ record }) => record);
  }

  async update(id: string, change: Change): Promise<void> {
    const rows = await this.#database.query(
      `update foretrace.trace set record = record || $2::jsonb,
         uploaded_at = coalesce(($2::jsonb->>'uploadedAt')::double precision, uploaded_at),
         first_time = coalesce(($2::jsonb->>'start')::double precision, first_time),
         last_time = coalesce(($2::jsonb->>'end')::double precision, last_time)
       where id = $1 returning id`,
      [storable(id), JSON.stringify(change)],
    );
    if (rows.length === 0) throw unknownTrace(id);
  }

  async open(id: string): Promise<AsyncIterable<Uint8Array>> {
    return createReadStream(await this.path(id));
  }

  /** @throws ForetraceError not_found; store_failed when the record is there but the file is gone. */
  async path(id: string): Promise<string> {
    if ((await this.get(id)) === undefined) throw unknownTrace(id);
    const file = this.#file(id);
    await access(file).catch((error: unknown) => {
      throw new ForetraceError("store_failed", `the bytes of trace ${id} are gone from the data folder (${file}); upload the trace again`, {
        input: id,
        cause: error,
      });
    });
    return file;
  }

  /** Removes files whose upload was never acknowledged: the process ended between file and record. Only while nobody uploads. */
  async removeUnrecorded(): Promise<void> {
    const folder = join(this.#dataDir, "traces");
    const files = (await readdir(folder, { recursive: true }).catch(() => [])).map((path) => path.split("/").at(-1)!);
    const ids = files.filter((name) => /^[0-9a-f]{64}$/.test(name));
    if (ids.length === 0) return;
    const rows = await this.#database.query<{ id: string }>(
      "select id from unnest($1::text[]) as f(id) where not exists (select from foretrace.trace t where t.id = f.id)",
      [ids],
    );
    for (const { id } of rows) {
      await rm(this.#file(id), { force: true });
      await rm(`${this.#file(id)}.fti`, { force: true });
    }
  }

  #file(id: string): string {
    return join(this.#dataDir, "traces", id.slice(0, 2), id);
  }
}

/** PostgreSQL refuses a NUL in a text; nothing is stored under such a name. */
const storable = (text: string): string => text.replaceAll("\0", "�");

const unknownTrace = (id: string): ForetraceError => new ForetraceError("not_found", `no trace ${id} is stored`, { input: id });
