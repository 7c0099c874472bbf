import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { decompressed, openBytes } from "../../src/sources/bytes.ts";
import { readTrace } from "../../src/trace/read.ts";
import { fixtureTrace } from "../helpers/fixtures.ts";

const plain = readFileSync(fixtureTrace);
/** Longer than a block of zstd. */
const long = gunzipSync(readFileSync(fixtureTrace.replace("small.trace", "watch.trace.gz")));
const folder = mkdtempSync(join(tmpdir(), "foretrace-bytes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** All that came, and the error behind it. */
async function collect(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{ bytes: Buffer; error: unknown }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of source) parts.push(Uint8Array.from(part));
  } catch (error) {
    return { bytes: Buffer.concat(parts), error };
  }
  return { bytes: Buffer.concat(parts), error: undefined };
}

const half = plain.length >> 1;
const forms: [string, Uint8Array][] = [
  ["plain", plain],
  ["gzip", gzipSync(plain)],
  ["zstd", zstdCompressSync(plain)],
  ["gzip in two members", Buffer.concat([gzipSync(plain.subarray(0, half)), gzipSync(plain.subarray(half))])],
  [
    "zstd in three frames",
    Buffer.concat([0, 1, 2].map((i) => zstdCompressSync(plain.subarray((i * plain.length) / 3, ((i + 1) * plain.length) / 3)))),
  ],
  ["zstd behind a skippable frame", Buffer.concat([Buffer.from("502a4d18030000006d6d6d", "hex"), zstdCompressSync(plain)])],
];

describe("a file's bytes", () => {
  test.each(forms)("%s, whatever its name", async (name, bytes) => {
    const { bytes: out, error } = await collect(openBytes(file(`${name}.trace`, bytes)));
    expect(error).toBeUndefined();
    expect(out.equals(plain)).toBe(true);
  });

  test.each(forms)("%s through standard input", (_, bytes) => {
    const script = `import { createHash } from "node:crypto";
      import { openBytes } from ${JSON.stringify(resolve("src/sources/bytes.ts"))};
      const hash = createHash("sha256");
      for await (const piece of openBytes("-")) hash.update(piece);
      console.log(hash.digest("hex"));`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], { input: bytes });
    expect(run.stdout.toString().trim()).toBe(createHash("sha256").update(plain).digest("hex"));
  });

  test("as the zstd command writes them", async ({ skip }) => {
    if (spawnSync("zstd", ["--version"]).status !== 0) skip("no zstd command on this machine");
    const path = file("by-command", plain);
    execFileSync("zstd", ["-q", "-f", "-T2", "--check", path]);
    expect((await collect(openBytes(`${path}.zst`))).bytes.equals(plain)).toBe(true);
  });

  test("any way the pieces fall", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...forms.map(([, bytes]) => bytes)), fc.integer({ min: 1, max: 5000 }), async (bytes, size) => {
        const { bytes: out, error } = await collect(decompressed(inPieces(bytes, bytes.length / size > 2000 ? 97 : size)));
        expect(error).toBeUndefined();
        expect(out.equals(plain)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  test("out of an HTTP body", async () => {
    const server = createServer((_, response) => void response.end(gzipSync(plain)));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    try {
      const { port } = server.address() as { port: number };
      const { body } = await fetch(`http://127.0.0.1:${port}/`);
      const outcome = await readTrace(decompressed(body!), { event() {} });
      expect(outcome).toMatchObject({ events: 21877, bytes: plain.length, error: undefined });
    } finally {
      server.close();
    }
  });

  test("nothing, and less than a magic number", async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from([0x1f]), Buffer.from("go")]) {
      expect(await collect(openBytes(file("short", bytes)))).toEqual({ bytes, error: undefined });
    }
  });
});

describe("what cannot be read", () => {
  test("is not found, a folder, or forbidden", async () => {
    expect((await collect(openBytes(join(folder, "nothing")))).error).toMatchObject({
      code: "not_found",
      place: { input: join(folder, "nothing") },
    });
    expect((await collect(openBytes(join(folder, "short", "deeper")))).error).toMatchObject({ code: "not_found" });
    expect((await collect(openBytes(folder))).error).toMatchObject({
      code: "bad_usage",
      message: expect.stringContaining("is a folder") as string,
    });
  });

  test.each([
    ["gzip", gzipSync(long)],
    ["zstd", zstdCompressSync(long)],
  ])("cut %s gives what was there, then says so", async (name, bytes) => {
    const cut = file(`cut-${name}`, bytes.subarray(0, bytes.length * 0.7));
    const { bytes: out, error } = await collect(openBytes(cut));
    expect(out.length).toBeGreaterThan(long.length * 0.5);
    expect(long.subarray(0, out.length).equals(out)).toBe(true);
    expect(error).toMatchObject({
      code: "trace_truncated",
      message: expect.stringContaining(`${cut}: the ${name} data end too early`) as string,
    });
    // The reader takes it for a trace that is cut there.
    const outcome = await readTrace(openBytes(cut), { event() {} });
    expect(outcome.error).toMatchObject({ code: "trace_truncated", message: expect.stringContaining("data end too early") as string });
    expect(outcome.bytes).toBe(out.length);
  });

  test("a wrong checksum comes after nearly all bytes", async () => {
    const bytes = gzipSync(plain);
    bytes[bytes.length - 6]! ^= 1;
    const { bytes: out, error } = await collect(openBytes(file("checksum.gz", bytes)));
    expect(out.length).toBeGreaterThan(plain.length - 16_384);
    expect(error).toMatchObject({ code: "trace_malformed", message: expect.stringContaining("gzip data are damaged") as string });
  });

  test.each([
    ["gzip", gzipSync(plain)],
    ["zstd", zstdCompressSync(plain)],
  ])("rubbish behind %s is an error behind all that came before it", async (_, bytes) => {
    const { bytes: out, error } = await collect(
      decompressed(inPieces(Buffer.concat([bytes, Buffer.from("rubbish behind it")]), 1 << 20), "the upload"),
    );
    expect(out.length).toBeGreaterThan(plain.length - 16_384);
    expect(error).toMatchObject({ code: "trace_malformed", place: { input: "the upload" } });
  });

  test("damage anywhere ends in bytes or a stated error, never otherwise", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(gzipSync(plain), zstdCompressSync(plain)),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (good, where, by) => {
          const bytes = Buffer.from(good);
          bytes[4 + (where % (bytes.length - 4))]! ^= by;
          const { error } = await collect(decompressed(inPieces(bytes, 10_000)));
          expect(["undefined", "trace_truncated", "trace_malformed"]).toContain(String((error as { code?: string } | undefined)?.code));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a small file that holds very much is handed out as it is asked for", async () => {
    const bomb = gzipSync(Buffer.alloc(128 << 20), { level: 9 });
    const before = process.memoryUsage().rss;
    let most = 0;
    let total = 0;
    for await (const piece of decompressed(inPieces(bomb, 1 << 20))) {
      total += piece.length;
      most = Math.max(most, process.memoryUsage().rss - before);
    }
    expect(total).toBe(128 << 20);
    expect(most).toBeLessThan(64 << 20);
  });

  test("a consumer that stops early closes the source", async () => {
    let closed = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(1000, 1);
      } finally {
        closed++;
      }
    }
    for await (const piece of decompressed(source())) if (piece.length > 0) break;
    expect(closed).toBe(1);
  });
});
