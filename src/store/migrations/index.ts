/** The list of migrations, in order. Never edit or reorder one that was released: add the next. */
import { sql as first } from "./0001-first.ts";

export type Migration = { readonly version: number; readonly name: string; readonly sql: string };

export const migrations: readonly Migration[] = [{ version: 1, name: "first", sql: first }];
