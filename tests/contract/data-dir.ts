/** Fresh data folders with an embedded database in them, copied from one that was made once: making one takes seconds. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrations } from "../../src/store/migrations/index.ts";
import { openStore } from "../../src/store/open.ts";

/** An empty folder of its own. */
export const emptyDir = (): string => mkdtempSync(join(tmpdir(), "foretrace-data-"));

/** A folder whose database is as after the first start. Remove it with {@link removeDir}. */
export async function freshDataDir(): Promise<string> {
  const model = await templateDir();
  const folder = emptyDir();
  cpSync(join(model, "db"), join(folder, "db"), { recursive: true });
  return folder;
}

export const removeDir = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

async function templateDir(): Promise<string> {
  const manifest = new URL("../../node_modules/@electric-sql/pglite/package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const key = createHash("sha256")
    .update(JSON.stringify([version, migrations, process.getuid?.()]))
    .digest("hex")
    .slice(0, 16);
  const folder = join(tmpdir(), `foretrace-template-${key}`);
  if (existsSync(folder)) return folder;
  const making = emptyDir();
  const opened = await openStore({ dataDir: making });
  await opened.close();
  try {
    renameSync(making, folder);
  } catch (error) {
    // Another test process was quicker.
    if (!existsSync(folder)) throw error;
    removeDir(making);
  }
  return folder;
}
