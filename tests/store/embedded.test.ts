/** The embedded database seen as a server: many clients of node-postgres on one session. */
import * as fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EmbeddedDatabase } from "../../src/store/embedded/database.ts";
import { BatchReader, readAnswer, simpleQuery } from "../../src/store/embedded/wire.ts";
import { join } from "node:path";
import { freshDataDir, removeDir } from "../contract/data-dir.ts";

describe("embedded database", () => {
  let folder: string;
  let database: EmbeddedDatabase;
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = new Client({ stream: () => database.connect() as never });
    await client.connect();
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    folder = await freshDataDir();
    database = await EmbeddedDatabase.open(join(folder, "db"));
    await (await connect()).query("create table public.t (n integer)");
  });
  afterAll(async () => {
    for (const client of clients) await client.end().catch(() => {});
    await database?.close();
    removeDir(folder);
  });

  it("a transaction is alone on the session: others wait, and see all or nothing", async () => {
    const [a, b] = [await connect(), await connect()];
    await a.query("begin");
    await a.query("insert into public.t values (1)");
    const seen = b.query("select count(*)::int as n from public.t where n = 1");
    await a.query("insert into public.t values (1)");
    await a.query("commit");
    expect((await seen).rows).toEqual([{ n: 2 }]);
    await a.query("begin");
    await expect(a.query("select 1 / 0")).rejects.toMatchObject({ code: "22012" });
    const after = b.query("select count(*)::int as n from public.t where n = 2");
    await expect(a.query("insert into public.t values (2)")).rejects.toMatchObject({ code: "25P02" });
    await a.query("rollback");
    expect((await after).rows).toEqual([{ n: 0 }]);
  });

  it("a client that leaves in its transaction takes it with it", async () => {
    const [a, b] = [await connect(), await connect()];
    await a.query("begin");
    await a.query("insert into public.t values (3)");
    await a.end();
    expect((await b.query("select count(*)::int as n from public.t where n = 3")).rows).toEqual([{ n: 0 }]);
  });

  it("a client that breaks off while its statement runs does not hold the others up", async () => {
    const [a, b] = [await connect(), await connect()];
    a.on("error", () => {});
    await a.query("begin");
    await a.query("insert into public.t values (4)");
    const lost = a.query("select pg_sleep(0.05)").catch((error: unknown) => error);
    (a as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect((await b.query("select count(*)::int as n from public.t where n = 4")).rows).toEqual([{ n: 0 }]);
    expect(await lost).toBeInstanceOf(Error);
  });

  it("hands notifications to those who listen", async () => {
    const [listener, other, sender] = [await connect(), await connect(), await connect()];
    const heard: unknown[] = [];
    listener.on("notification", ({ channel, payload }) => heard.push([channel, payload]));
    other.on("notification", () => heard.push("not asked for"));
    await listener.query("listen news");
    await sender.query("begin");
    await sender.query("select pg_notify('news', 'one')");
    await sender.query("commit");
    await sender.query("notify news, 'two'");
    await listener.query("select 1");
    expect(heard).toEqual([
      ["news", "one"],
      ["news", "two"],
    ]);
  });

  it("carries large values both ways, and many clients at once", async () => {
    const bytes = Buffer.alloc(3_000_000, "0123456789");
    const client = await connect();
    expect((await client.query("select $1::bytea as b", [bytes])).rows[0].b.equals(bytes)).toBe(true);
    const many = await Promise.all(Array.from({ length: 20 }, connect));
    const answers = await Promise.all(
      many.flatMap((c, i) => [c.query("select $1::int as n", [i]), c.query("select $1::int + 1 as n", [i])]),
    );
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(many.flatMap((_, i) => [i, i + 1]));
  });
});

const message = (type: string, body: string): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, Buffer.from(body, "latin1")]);
};

describe("wire protocol", () => {
  it("is cut into the same batches whichever way it arrives (property)", () => {
    const startup = Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 0]);
    const statements = fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(statements, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (texts, cuts) => {
        const queries = texts.map((text) => simpleQuery(text.replaceAll("\0", "")));
        const stream = Buffer.concat([startup, ...queries, Buffer.from([0x58, 0, 0, 0, 4])]);
        const reader = new BatchReader();
        const found: Buffer[] = [];
        let startups = 0;
        let ends = 0;
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + cuts[i % cuts.length]!;
          const part = reader.push(stream.subarray(at, end));
          found.push(...part.batches);
          startups += part.startup ? 1 : 0;
          ends += part.ended ? 1 : 0;
          at = end;
        }
        expect(Buffer.concat(found).equals(Buffer.concat(queries))).toBe(true);
        expect([found.length, startups, ends]).toEqual([queries.length, 1, 1]);
      }),
    );
  });

  it("answers come apart into what is the asker's and what is news", () => {
    const [row, news, ready] = [message("D", "row"), message("A", "\0\0\0\x01news\0x\0"), message("Z", "T")];
    const answer = readAnswer(Buffer.concat([news, row, news, ready]));
    expect(answer.own.equals(Buffer.concat([row, ready]))).toBe(true);
    expect(answer.notifications.map((found) => found.equals(news))).toEqual([true, true]);
    expect(answer.idle).toBe(false);
    expect(readAnswer(Buffer.concat([row, message("Z", "I")])).idle).toBe(true);
  });
});
