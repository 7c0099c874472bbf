import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { epochMillis } from "../../src/lib/units.ts";
import { lockDataDir, readDataLock } from "../../src/store/data-lock.ts";
import { EmbeddedDatabase } from "../../src/store/embedded/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations/index.ts";
import { openStore } from "../../src/store/open.ts";
import { createDatabase } from "../../src/store/sql.ts";
import { emptyDir, freshDataDir, removeDir } from "../contract/data-dir.ts";

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});
const kept = (dir: string): string => {
  undo.push(() => removeDir(dir));
  return dir;
};

describe("openStore", () => {
  it("keeps what was stored over a restart", async () => {
    const dataDir = kept(await freshDataDir());
    const first = await openStore({ dataDir });
    undo.push(first.close);
    await first.store.targets.ensure("shop", epochMillis(5));
    const sample = { t: epochMillis(1000), v: 0.1 };
    await first.store.series.append([{ labels: { __name__: "up" }, samples: [sample] }]);
    await first.close();
    await first.store.close();
    const second = await openStore({ dataDir });
    undo.push(second.close);
    expect(await second.store.targets.list()).toEqual([{ name: "shop", createdAt: 5 }]);
    expect(await second.store.series.latest!([])).toEqual([{ labels: { __name__: "up" }, sample }]);
  });

  it("one process at a time: the second one hears who has the folder and where it answers", async () => {
    const dataDir = kept(await freshDataDir());
    const first = await openStore({ dataDir });
    undo.push(first.close);
    first.announce("http://127.0.0.1:9464");
    await expect(openStore({ dataDir })).rejects.toMatchObject({
      code: "data_dir_locked",
      message: expect.stringMatching(new RegExp(`process ${process.pid} on .* answers at http://127\\.0\\.0\\.1:9464; stop that process`)),
    });
    expect(readDataLock(dataDir)).toMatchObject({ pid: process.pid, url: "http://127.0.0.1:9464" });
    await first.close();
    expect(readDataLock(dataDir)).toBeUndefined();
  });

  it("refuses data of a newer version, and lets go of the folder", async () => {
    const dataDir = kept(await freshDataDir());
    const first = await openStore({ dataDir });
    await first.pool.query("insert into foretrace.migration (version, name) values ($1, 'from the future')", [migrations.length + 1]);
    await first.close();
    await expect(openStore({ dataDir })).rejects.toMatchObject({
      code: "data_newer",
      message: expect.stringContaining(`schema ${migrations.length + 1}`),
    });
    expect(readDataLock(dataDir)).toBeUndefined();
  });

  it("runs each migration once, and all or nothing of it", async () => {
    const dataDir = kept(await freshDataDir());
    const { pool, close } = await openStore({ dataDir });
    undo.push(close);
    const database = createDatabase(pool);
    const next = migrations.length + 1;
    const good = { version: next, name: "more", sql: "create table foretrace.more (n integer); insert into foretrace.more values (1)" };
    const bad = { version: next + 1, name: "bad", sql: "create table foretrace.half (n integer); select 1 / 0" };
    await expect(migrate(database, [...migrations, good, bad])).rejects.toMatchObject({ code: "store_failed" });
    expect(await migrate(database, [...migrations, good])).toBe(next);
    expect(await database.query("select n from foretrace.more")).toEqual([{ n: 1 }]);
    expect(await database.query("select to_regclass('foretrace.half')::text as half")).toEqual([{ half: null }]);
  });

  it("a place where no folder can be is a fault of --data, at once", async () => {
    const dataDir = kept(emptyDir());
    const file = join(dataDir, "file");
    writeFileSync(file, "");
    for (const place of [file, join(file, "below"), "/proc/foretrace/data"]) {
      const message = expect.stringMatching(new RegExp(`cannot keep data in ${place}: .*give --data a folder`));
      await expect(openStore({ dataDir: place })).rejects.toMatchObject({ code: "bad_usage", message });
    }
  });

  it("a copy without its tables is named", async () => {
    const dataDir = kept(await freshDataDir());
    await openStore({ dataDir }).then((opened) => opened.close());
    rmSync(join(dataDir, "db/base"), { recursive: true });
    await expect(openStore({ dataDir })).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringContaining(`the embedded database in ${join(dataDir, "db")} did not open`),
    });
    expect(readDataLock(dataDir)).toBeUndefined();
  });

  it("a first start that is given up, or was killed, leaves nothing that stops the next one", async () => {
    const dataDir = kept(emptyDir());
    const reason = new Error("enough");
    const abort = new AbortController();
    const opening = openStore({ dataDir, signal: abort.signal });
    abort.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(readDataLock(dataDir)).toBeUndefined();
    // What a kill in the middle of making the database leaves.
    mkdirSync(join(dataDir, "db"), { recursive: true });
    writeFileSync(join(dataDir, "db/PG_VERSION"), "17\n");
    const opened = await openStore({ dataDir });
    undo.push(opened.close);
    await opened.store.targets.ensure("shop", epochMillis(5));
    await opened.close();
    const again = await openStore({ dataDir });
    undo.push(again.close);
    expect(await again.store.targets.list()).toMatchObject([{ name: "shop" }]);
  });

  it("a database that does not answer in time is given up", async () => {
    const folder = kept(emptyDir());
    await expect(EmbeddedDatabase.open(join(folder, "db"), { limitMillis: 1 })).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(/did not answer within 0\.001 s/),
    });
  });

  it("says so when the folder holds something else than a database, or the server is not there", async () => {
    const dataDir = kept(emptyDir());
    writeFileSync(join(dataDir, "db"), "not a database");
    await expect(openStore({ dataDir })).rejects.toMatchObject({ code: "store_failed" });
    expect(readDataLock(dataDir)).toBeUndefined();
    await expect(openStore({ dataDir, databaseUrl: "postgres://nobody@127.0.0.1:1/none" })).rejects.toMatchObject({ code: "store_failed" });
  });
});

describe("lock of the data folder", () => {
  const holder = { host: hostname(), pid: process.pid, start: "1", since: "2026-01-01T00:00:00Z" };

  it("is taken over from a process that is gone, even when its number runs again", () => {
    const dataDir = kept(emptyDir());
    writeFileSync(join(dataDir, "lock.json"), JSON.stringify(holder));
    expect(readDataLock(dataDir)).toBeUndefined();
    const lock = lockDataDir(dataDir);
    expect(readDataLock(dataDir)).toMatchObject({ pid: process.pid });
    lock.release();
    expect(existsSync(join(dataDir, "lock.json"))).toBe(false);
  });

  it("is respected while a process of another host keeps touching it", () => {
    const dataDir = kept(emptyDir());
    writeFileSync(join(dataDir, "lock.json"), JSON.stringify({ ...holder, host: "elsewhere" }));
    expect(() => lockDataDir(dataDir)).toThrow(`process ${process.pid} on elsewhere`);
  });

  it("is taken over when its file is damaged", () => {
    const dataDir = kept(emptyDir());
    writeFileSync(join(dataDir, "lock.json"), "{");
    lockDataDir(dataDir).release();
    writeFileSync(join(dataDir, "lock.json"), "{");
    const lock = lockDataDir(dataDir);
    expect(JSON.parse(readFileSync(join(dataDir, "lock.json"), "utf8"))).toMatchObject({ pid: process.pid });
    lock.release();
  });
});
