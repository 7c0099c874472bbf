/** The services that are watched. */
import type { EpochMillis } from "../lib/units.ts";
import type { TargetRecord, TargetStore } from "./ports.ts";
import type { Database } from "./sql.ts";

export class SqlTargetStore implements TargetStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async ensure(name: string, at: EpochMillis): Promise<void> {
    await this.#database.query("insert into foretrace.target (name, created_at) values ($1, $2) on conflict (name) do nothing", [name, at]);
  }

  async list(): Promise<TargetRecord[]> {
    return this.#database.query<TargetRecord>('select name, created_at as "createdAt" from foretrace.target order by name collate "C"');
  }
}
