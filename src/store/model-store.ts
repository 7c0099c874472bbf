/** Models: `models/<id>/manifest.json` and `weights.bin` in the data folder, the records rows. First the folder, then the row. */
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ForetraceError } from "../lib/errors.ts";
import type { ModelManifest, SavedModel } from "../models/model.ts";
import { asidePath, moveInto, syncFolder } from "./files.ts";
import type { ModelRecord, ModelStore } from "./ports.ts";
import type { Database } from "./sql.ts";

type RecordRow = { record: ModelRecord };

export class SqlModelStore implements ModelStore {
  readonly #database: Database;
  readonly #dataDir: string;

  constructor(database: Database, dataDir: string) {
    this.#database = database;
    this.#dataDir = dataDir;
  }

  async put(fields: Omit<ModelRecord, "id">, model: SavedModel): Promise<ModelRecord> {
    const manifest = JSON.stringify(model.manifest);
    const id = createHash("sha256")
      .update(JSON.stringify([fields.target, fields.kind, fields.createdAt, manifest]))
      .update(model.weights)
      .digest("hex")
      .slice(0, 32);
    const record: ModelRecord = { id, ...fields };
    const known = await this.#database.query("select id from foretrace.model where id = $1", [id]);
    // Its files may have been lost since; then they are written again.
    if (known.length > 0 && (await this.#isReadable(id))) return record;
    const aside = await asidePath(this.#dataDir);
    try {
      await mkdir(aside, { mode: 0o700 });
      await writeDurably(join(aside, "manifest.json"), Buffer.from(manifest));
      await writeDurably(join(aside, "weights.bin"), model.weights);
      await syncFolder(aside);
      // What an interrupted put left under this name holds the same, whole or in part.
      await rm(this.#folder(id), { recursive: true, force: true });
      await moveInto(aside, this.#folder(id));
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
    await this.#database.query(
      "insert into foretrace.model (id, target, kind, created_at, record) values ($1, $2, $3, $4, $5::jsonb) on conflict (id) do nothing",
      [id, record.target, record.kind, record.createdAt, JSON.stringify(record)],
    );
    return record;
  }

  async latest(target: string, kind: ModelRecord["kind"]): Promise<{ record: ModelRecord; model: SavedModel } | undefined> {
    const [row] = await this.#database.query<RecordRow>(
      "select record from foretrace.model where target = $1 and kind = $2 order by created_at desc, id limit 1",
      [target, kind],
    );
    return row === undefined ? undefined : { record: row.record, model: await this.#load(row.record.id) };
  }

  async list(target?: string): Promise<ModelRecord[]> {
    const rows = await this.#database.query<RecordRow>(
      "select record from foretrace.model where ($1::text is null or target = $1) order by created_at desc, id",
      [target ?? null],
    );
    return rows.map(({ record }) => record);
  }

  async #load(id: string): Promise<SavedModel> {
    const folder = this.#folder(id);
    try {
      const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as ModelManifest;
      // Own memory, aligned: a buffer of the pool would break Float64Array views.
      const weights = new Uint8Array(await readFile(join(folder, "weights.bin")));
      return { manifest, weights };
    } catch (error) {
      throw new ForetraceError("store_failed", `model ${id} cannot be read from ${folder}: ${(error as Error).message}`, {
        input: id,
        cause: error,
      });
    }
  }

  #isReadable(id: string): Promise<boolean> {
    return this.#load(id).then(
      () => true,
      () => false,
    );
  }

  #folder(id: string): string {
    return join(this.#dataDir, "models", id);
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
