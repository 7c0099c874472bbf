/** Uploads, slices and timelines over a real socket, on the real store, queue and decoding threads. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTraceWorkers } from "../../src/api/trace-workers.ts";
import type { TraceTask } from "../../src/api/workers/trace-protocol.ts";
import type { ForetraceError } from "../../src/lib/errors.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { readTrace } from "../../src/trace/read.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";
import { startService, type TestService } from "./service.ts";

const base = "/api/foretrace/v1/traces";
const bytes = readFileSync(fixtureTrace);
/** The same recording with other bytes at its end is another trace; reading it ends in an error there. */
const variant = (n: number): Buffer => Buffer.concat([bytes, Buffer.from(`variant ${n}`)]);
const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

type Answer = {
  status: number;
  headers: Headers;
  body: { error?: { code: string; message: string; place?: object } } & Record<string, unknown>;
};

let service: TestService;
beforeAll(async () => {
  service = await startService({ config: { limits: { uploadBytes: 1_000_000, concurrentUploads: 2 } } });
});
afterAll(() => service?.stop());

async function upload(body: Buffer | ReadableStream, query = "target=shop", url = service.url): Promise<Answer> {
  const sent = body instanceof ReadableStream ? body : new Uint8Array(body);
  const init: RequestInit & { duplex: "half" } = { method: "POST", body: sent, duplex: "half" };
  const response = await fetch(`${url}${base}?${query}`, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer["body"] };
}
const stored = async (): Promise<string[]> => (await service.store.traces.list({})).map(({ id }) => id).sort();
const incoming = (): string[] => readdirSync(join(service.dataDir, "incoming"));

/** An upload whose body goes out piece by piece, as the test wants it. */
function slowUpload(target = "shop") {
  const sending = request(`${service.url}${base}?target=${target}`, { method: "POST" });
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    sending.on("error", reject);
    sending.on("response", (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode!, body }));
    });
  });
  answer.catch(() => {});
  return { sending, answer };
}

describe("an upload", () => {
  test("is stored under the hash of its bytes and queued for reading; the same bytes again are the same trace", async () => {
    const id = sha256(bytes);
    const first = await upload(bytes, "target=shop&recorded_at=2026-03-01T10:00:00Z&clock_shift_ms=5000");
    expect(first.status).toBe(201);
    expect(first.headers.get("location")).toBe(`${base}/${id}`);
    expect(first.body).toMatchObject({
      id,
      created: true,
      trace: {
        id,
        target: "shop",
        bytes: bytes.length,
        status: "stored",
        recordedAt: Date.parse("2026-03-01T10:00:00Z"),
        clockShiftMillis: 5000,
      },
    });
    expect(await service.queue.get(first.body["job"] as string)).toMatchObject({
      name: "ingest",
      state: "waiting",
      input: { target: "shop", trace: id },
    });
    const kept: Buffer[] = [];
    for await (const chunk of await service.store.traces.open(id)) kept.push(Buffer.from(chunk));
    expect(Buffer.concat(kept).equals(bytes)).toBe(true);

    const second = await upload(bytes);
    expect(second.status).toBe(200);
    expect(second.body).toMatchObject({ id, created: false, job: first.body["job"] });
    expect(await service.queue.list({ name: "ingest" })).toHaveLength(1);
    const other = await upload(bytes, "target=bank");
    expect([other.status, other.body.error?.code]).toEqual([409, "conflict"]);
    expect((await service.store.targets.list()).map(({ name }) => name)).toEqual(["shop"]);
  });

  test("may be gzip or zstd, in pieces of any size, without a length", async () => {
    for (const packed of [gzipSync(variant(1)), zstdCompressSync(variant(2))]) {
      const pieces = new ReadableStream({
        async start(controller) {
          for (let at = 0; at < packed.length; at += at < 30 ? 1 : 5000) {
            controller.enqueue(new Uint8Array(packed.subarray(at, at < 30 ? at + 1 : at + 5000)));
            if (at < 30) await sleep(1);
          }
          controller.close();
        },
      });
      const answer = await upload(pieces);
      expect([answer.status, answer.body["id"]]).toEqual([201, sha256(packed)]);
    }
  });

  test.each([
    ["nothing", Buffer.alloc(0), 400, "empty_input"],
    ["zeros", Buffer.alloc(100_000), 400, "not_a_trace"],
    ["a text", Buffer.from("goroutine 1 [running]:\nmain.main()\n"), 400, "not_a_trace"],
    ["three bytes", Buffer.from("go "), 400, "not_a_trace"],
    ["gzip of a text", gzipSync("nothing to see here, move along"), 400, "not_a_trace"],
    ["a gzip header and nothing", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), 400, "empty_input"],
    ["a trace of Go 1.10", Buffer.concat([Buffer.from("go 1.10 trace\0\0\0"), bytes.subarray(16)]), 400, "trace_version_unsupported"],
    ["a trace of Go 1.99", Buffer.concat([Buffer.from("go 1.99 trace\0\0\0"), bytes.subarray(16)]), 400, "trace_version_unsupported"],
  ])("of %s is refused and leaves nothing", async (_name, body, status, code) => {
    const before = await stored();
    const answer = await upload(body);
    expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
    expect(await stored()).toEqual(before);
    expect(incoming()).toEqual([]);
  });

  test.each([
    ["", "bad_usage", 'missing query parameter "target"'],
    ["target=", "bad_usage", "target"],
    ["target=shop&tag=x", "bad_usage", 'unknown query parameter "tag"; known are target, recorded_at, clock_shift_ms'],
    ["target=shop&recorded_at=yesterday", "bad_usage", "recorded_at"],
    ["target=shop&clock_shift_ms=soon", "bad_usage", "clock_shift_ms"],
  ])("with the query %j names what is wrong", async (query, code, words) => {
    const answer = await upload(bytes, query);
    expect([answer.status, answer.body.error?.code]).toEqual([400, code]);
    expect(answer.body.error!.message).toContain(words);
  });

  test("beyond the limit is refused by its length before it is read, and in the middle when it has none", async () => {
    const before = await stored();
    const large = Buffer.concat([bytes, Buffer.alloc(1_000_000, 7)]);
    const known = await upload(large);
    expect([known.status, known.body.error?.code]).toEqual([413, "too_large"]);
    const streamed = await upload(new Blob([new Uint8Array(large)]).stream());
    expect([streamed.status, streamed.body.error?.code]).toEqual([413, "too_large"]);
    expect(streamed.body.error!.message).toContain("1000000 bytes");
    expect(await stored()).toEqual(before);
    expect(incoming()).toEqual([]);
  });

  test("that the client gives up in the middle leaves nothing and frees its place", async () => {
    const before = await stored();
    for (let round = 0; round < 3; round++) {
      const { sending, answer } = slowUpload();
      sending.write(bytes.subarray(0, 60_000));
      await expect.poll(incoming).toHaveLength(1);
      sending.destroy();
      await expect(answer).rejects.toThrow("socket hang up");
      await expect.poll(incoming).toEqual([]);
    }
    expect(await stored()).toEqual(before);
    const metrics = async () => (await fetch(`${service.url}/metrics`)).text();
    await expect.poll(metrics).toContain('foretrace_uploads_total{result="canceled"} 3');
    expect((await upload(variant(3))).status).toBe(201);
  });

  test("beyond the number that may run at once is told to come again", async () => {
    const running = [slowUpload(), slowUpload()];
    running.forEach(({ sending }, i) => sending.write(variant(10 + i).subarray(0, 50_000)));
    await expect.poll(incoming).toHaveLength(2);
    const third = await upload(variant(12));
    expect([third.status, third.body.error?.code, third.headers.get("retry-after")]).toEqual([429, "busy", "2"]);
    running.forEach(({ sending }, i) => sending.end(variant(10 + i).subarray(50_000)));
    expect((await Promise.all(running.map(({ answer }) => answer))).map(({ status }) => status)).toEqual([201, 201]);
    expect((await upload(variant(12))).status).toBe(201);
  });

  test("sent many times at once is one trace and one job", async () => {
    const { url } = await service.another({ limits: { concurrentUploads: 20 } });
    const answers = await Promise.all(Array.from({ length: 10 }, () => upload(variant(20), "target=crowd", url)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body["job"])).size).toBe(1);
    expect(await service.store.traces.list({ target: "crowd" })).toHaveLength(1);
  });
});

describe("a stored trace", () => {
  const id = sha256(bytes);
  const get = async (path: string): Promise<Response> => fetch(`${service.url}${base}${path}`);
  const json = async (path: string): Promise<[number, unknown]> => {
    const response = await get(path);
    return [response.status, await response.json()];
  };
  async function countEvents(data: Uint8Array): Promise<{ events: number; error: string | undefined }> {
    const outcome = await readTrace([data], { event: () => {} });
    return { events: outcome.events, error: outcome.error?.code };
  }

  test("is listed, newest first, and read", async () => {
    const [status, body] = await json("?target=crowd");
    expect([status, (body as { items: { id: string }[] }).items.map((one) => one.id)]).toEqual([200, [sha256(variant(20))]]);
    expect(await json(`/${id}`)).toMatchObject([200, { id, target: "shop", bytes: bytes.length }]);
    expect(await json("/nothing")).toMatchObject([404, { error: { code: "not_found", place: { input: "id" } } }]);
    expect(await json("?limit=0")).toMatchObject([400, { error: { code: "bad_usage" } }]);
    expect(await json("?from=2&to=1")).toMatchObject([400, { error: { code: "bad_usage", place: { input: "to" } } }]);
  });

  test("is cut by a decoding thread to the generations of a range, as a trace that is read without an error", async () => {
    const whole = await countEvents(bytes);
    const all = await get(`/${id}/slice`);
    expect(all.status).toBe(200);
    expect(all.headers.get("content-disposition")).toContain(`${id.slice(0, 12)}.trace`);
    expect(await countEvents(await all.bytes())).toEqual(whole);
    const part = await get(`/${id}/slice?from=0s&to=1ns`);
    const cut = await countEvents(await part.bytes());
    expect(cut.error).toBeUndefined();
    expect(cut.events).toBeGreaterThan(0);
    expect(cut.events).toBeLessThanOrEqual(whole.events);
  });

  test("has a timeline whose shape is documented", async () => {
    const [status, body] = await json(`/${id}/timeline?width=200`);
    expect(status).toBe(200);
    const { lanes } = body as { lanes: { kind: string; start: number[]; end: number[] }[] };
    expect(lanes.some(({ kind, start }) => kind === "proc" && start.length > 0)).toBe(true);
    for (const { start, end } of lanes) for (let i = 0; i < start.length; i++) expect(end[i]!).toBeGreaterThanOrEqual(start[i]!);
  });

  test("of Go 1.19 is taken, has a timeline, is given whole, and cannot be cut", async () => {
    const old = readFileSync(oldTrace);
    const answer = await upload(old, "target=old");
    expect(answer.status).toBe(201);
    const oldId = sha256(old);
    const [status, body] = await json(`/${oldId}/timeline?width=200&from=5ms&to=20ms`);
    expect(status).toBe(200);
    expect((body as { lanes: { kind: string; start: number[] }[] }).lanes.some(({ start }) => start.length > 0)).toBe(true);
    expect(Buffer.from(await (await get(`/${oldId}/slice`)).bytes()).equals(old)).toBe(true);
    const cut = { error: { code: "bad_usage", message: expect.stringContaining("cannot be cut") as string } };
    expect(await json(`/${oldId}/slice?from=5ms&to=20ms`)).toMatchObject([400, cut]);
  });

  test("ranges that cannot be are refused", async () => {
    expect(await json(`/${id}/slice?from=2s&to=1s`)).toMatchObject([400, { error: { code: "bad_usage", place: { input: "to" } } }]);
    expect(await json(`/${id}/slice?from=soon`)).toMatchObject([400, { error: { code: "bad_usage", place: { input: "from" } } }]);
    expect(await json(`/${id}/slice?from=10h`)).toMatchObject([400, { error: { code: "bad_usage" } }]);
    // Its wall clock is not known before it has been read.
    expect(await json(`/${id}/slice?from=2026-03-01T10:00:00Z`)).toMatchObject([409, { error: { code: "conflict" } }]);
    expect(await json(`/${id}/timeline?width=5`)).toMatchObject([400, { error: { code: "bad_usage", place: { input: "width" } } }]);
    expect((await get(`/${sha256(Buffer.from("x"))}/slice`)).status).toBe(404);
  });

  test("is cut by the wall clock once that is known", async () => {
    const start = epochMillis(Date.parse("2026-03-01T10:00:00Z"));
    await service.store.traces.update(id, { status: "extracted", start, end: epochMillis(start + 1000) });
    const response = await get(`/${id}/slice?from=${start}&to=2026-03-01T10:00:00.001Z`);
    expect(response.status).toBe(200);
    expect((await countEvents(await response.bytes())).error).toBeUndefined();
  });

  test("many readers at once: each is answered, or told to come again", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => get(`/${id}/timeline?width=100`)));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeLessThan(40);
    expect(refused.every(({ status, headers }) => status === 429 && headers.has("retry-after"))).toBe(true);
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    expect((await get(`/${id}/timeline?width=100`)).status).toBe(200);
  });

  test("a reader that goes away ends the work", async () => {
    for (let round = 0; round < 20; round++) {
      const gone = new AbortController();
      const asked = fetch(`${service.url}${base}/${id}/slice`, { signal: gone.signal });
      await sleep(round % 4);
      gone.abort();
      await asked.then((response) => response.arrayBuffer()).catch(() => {});
    }
    expect((await get(`/${id}/slice`)).status).toBe(200);
  });
});

describe("decoding threads", () => {
  const never = new AbortController().signal;
  const sliceOf = (path: string): TraceTask => ({ kind: "slice", path, from: 0, to: Number.POSITIVE_INFINITY });
  async function length(pieces: AsyncIterable<Uint8Array>): Promise<number> {
    let total = 0;
    for await (const piece of pieces) total += piece.length;
    return total;
  }
  const outcome = (pieces: AsyncIterable<Uint8Array>): Promise<number | string> =>
    length(pieces).catch((error: ForetraceError) => error.code);

  test("take one task at a time and keep so many waiting; the next is told to come again", async () => {
    const workers = createTraceWorkers({ threads: 1, waiting: 1 });
    const task = sliceOf(fixtureTrace);
    expect(await Promise.all([1, 2, 3].map(() => outcome(workers.run(task, never))))).toEqual([bytes.length, bytes.length, "busy"]);
    expect(await outcome(workers.run(task, never))).toBe(bytes.length);
    await workers.close();
  });

  test("a task that is given up while it waits, or runs, makes room", async () => {
    const workers = createTraceWorkers({ threads: 1, waiting: 1 });
    const gone = [new AbortController(), new AbortController()];
    const given = gone.map(({ signal }) => outcome(workers.run(sliceOf(fixtureTrace), signal)));
    for (const controller of gone) controller.abort();
    expect(await Promise.all(given)).toEqual(["canceled", "canceled"]);
    expect(await outcome(workers.run(sliceOf(fixtureTrace), AbortSignal.abort()))).toBe("canceled");
    expect(await outcome(workers.run(sliceOf(fixtureTrace), never))).toBe(bytes.length);
    await workers.close();
  });

  test("a file that is none, and the end of the service, are errors of their own", async () => {
    const workers = createTraceWorkers({ threads: 1, waiting: 1 });
    expect(await outcome(workers.run(sliceOf(join(service.dataDir, "nothing")), never))).toBe("not_found");
    const running = outcome(workers.run(sliceOf(fixtureTrace), never));
    const waiting = outcome(workers.run(sliceOf(fixtureTrace), never));
    await workers.close();
    expect(await Promise.all([running, waiting])).toEqual(["unavailable", "unavailable"]);
    expect(await outcome(workers.run(sliceOf(fixtureTrace), never))).toBe("unavailable");
  });
});

describe("shutdown", () => {
  test("an upload that is under way is finished, readiness is withdrawn, and nothing new is taken", async () => {
    const { api, url } = await service.another({});
    const sending = request(`${url}${base}?target=shop`, { method: "POST" });
    const answered = new Promise<number>((resolve, reject) => {
      sending.on("error", reject);
      sending.on("response", (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
    });
    sending.write(variant(30).subarray(0, 50_000));
    await expect.poll(incoming).toHaveLength(1);
    api.drain();
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const closed = api.close(5000);
    await expect
      .poll(() =>
        fetch(`${url}/healthz`).then(
          ({ status }) => status,
          () => "refused",
        ),
      )
      .toBe("refused");
    sending.end(variant(30).subarray(50_000));
    expect(await answered).toBe(201);
    await closed;
    expect(await stored()).toContain(sha256(variant(30)));
  });

  test("what does not end is cut after the grace", async () => {
    const { api, url } = await service.another({});
    const sending = request(`${url}${base}?target=shop`, { method: "POST" });
    const cut = new Promise((resolve) => sending.on("error", resolve));
    sending.write(variant(31).subarray(0, 50_000));
    await expect.poll(incoming).toHaveLength(1);
    await api.close(100);
    expect(await cut).toBeInstanceOf(Error);
    await expect.poll(incoming).toEqual([]);
  });
});
