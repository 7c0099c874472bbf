/** /traces: upload, list, read, slice, timeline. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { Type } from "typebox";
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { checkTraceHeader } from "../../trace/header.ts";
import { enqueueJob } from "../../jobs/enqueue.ts";
import type { TraceRecord } from "../../store/ports.ts";
import type { ApiContext, App } from "../context.ts";
import { parseRange, parseRecordedAt, parseTraceRange } from "../moments.ts";
import { Timeline, Trace } from "../schemas/records.ts";
import { IdParams, Limit, RangeFrom, RangeTo, RawAnswer, TargetName, answers, itemsOf, queryOf, restBase } from "../schemas/common.ts";
import { checkedTrace, steadily } from "../upload.ts";
import type { TraceTask } from "../workers/trace-protocol.ts";

/** A hundred years either way. */
const farthestShiftMillis = 36_525 * 86_400_000;
const UploadQuery = queryOf({
  target: TargetName,
  recorded_at: Type.Optional(Type.String({ description: "Start of the recording, for traces without a clock of their own (Go < 1.25)" })),
  clock_shift_ms: Type.Optional(
    Type.Number({
      minimum: -farthestShiftMillis,
      maximum: farthestShiftMillis,
      description: "Added to the clock of the trace: a recording replayed at another time; a hundred years at most",
    }),
  ),
});
const TraceMoment = (what: string) =>
  Type.Optional(Type.String({ description: `${what}: since the first event (1.5s), milliseconds since 1970, or RFC 3339` }));
const SliceQuery = queryOf({ from: TraceMoment("Start"), to: TraceMoment("End") });
const TimelineQuery = queryOf({
  from: TraceMoment("Start"),
  to: TraceMoment("End"),
  width: Type.Optional(Type.Integer({ minimum: 10, maximum: 10_000, description: "Pixels; a lane has about twice as many spans at most" })),
});
const Uploaded = Type.Object({ id: Type.String(), created: Type.Boolean(), job: Type.String(), trace: Trace });
const tags = ["traces"];

export async function traceRoutes(app: App, context: ApiContext): Promise<void> {
  const { store, workers } = context;
  const find = async (id: string): Promise<TraceRecord> => {
    const trace = await store.traces.get(id);
    if (trace === undefined) throw new ForetraceError("not_found", `no trace "${id}" is stored`, { input: "id" });
    return trace;
  };
  /** Decodes in a thread; ends it when the client goes away. */
  const decode = async (trace: TraceRecord, task: (path: string) => TraceTask, reply: { raw: ServerResponse }): Promise<Readable> => {
    const path = await store.traces.path?.(trace.id);
    if (path === undefined) throw new ForetraceError("store_failed", `the file of trace ${trace.id} is not on this machine`);
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    if (reply.raw.destroyed) gone.abort();
    const pieces = workers.run(task(path), gone.signal);
    // The first piece decides between an answer and an error.
    const first = await pieces.next();
    return Readable.from(
      (async function* () {
        if (first.done !== true) yield first.value;
        yield* pieces;
      })(),
      { objectMode: false },
    );
  };

  await app.register(async (scope: App) => uploadRoute(scope, context));

  app.get(
    `${restBase}/traces`,
    {
      schema: {
        summary: "Traces, newest first",
        tags,
        querystring: queryOf({ target: Type.Optional(TargetName), from: RangeFrom, to: RangeTo, limit: Limit }),
        response: answers({ 200: itemsOf(Trace) }),
      },
    },
    async ({ query }) => {
      const { target, from, to, limit = 100 } = query;
      const ranged = from !== undefined || to !== undefined;
      const range = parseRange(query, { from: 0 as never, to: 8.64e15 as never });
      return { items: await store.traces.list({ ...(target === undefined ? {} : { target }), ...(ranged ? { range } : {}), limit }) };
    },
  );
  app.get(
    `${restBase}/traces/:id`,
    { schema: { summary: "One trace", tags, params: IdParams, response: answers({ 200: Trace }) } },
    async ({ params }) => find(params.id),
  );
  app.get(
    `${restBase}/traces/:id/slice`,
    {
      schema: {
        summary: "A time range of a trace, as a valid Go trace",
        description: "The generations that cover the range; go tool trace and Foretrace read it.",
        tags,
        params: IdParams,
        querystring: SliceQuery,
        produces: ["application/octet-stream"],
        response: answers({ 200: RawAnswer("The slice: a Go execution trace") }),
      },
    },
    async ({ params, query }, reply) => {
      const trace = await find(params.id);
      const range = parseTraceRange(query, trace);
      const bytes = await decode(trace, (path) => ({ kind: "slice", path, ...range }), reply);
      reply.type("application/octet-stream").header("content-disposition", `attachment; filename="${trace.id.slice(0, 12)}.trace"`);
      return reply.send(bytes);
    },
  );
  app.get(
    `${restBase}/traces/:id/timeline`,
    {
      schema: {
        summary: "What ran where, for drawing",
        description: "Spans per processor, garbage collections, stops of the world and assists, merged to about two a pixel.",
        tags,
        params: IdParams,
        querystring: TimelineQuery,
        response: answers({ 200: Timeline }),
      },
    },
    async ({ params, query }, reply) => {
      const trace = await find(params.id);
      const range = parseTraceRange(query, trace);
      const bytes = await decode(trace, (path) => ({ kind: "timeline", path, ...range, width: query.width ?? 1000 }), reply);
      return reply.type("application/json; charset=utf-8").send(bytes);
    },
  );
}

/** A scope of its own, since an upload's body is a stream whatever its type says. */
async function uploadRoute(app: App, context: ApiContext): Promise<void> {
  const { store, queue, clock, limits, metrics } = context;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  let running = 0;
  app.post(
    `${restBase}/traces`,
    {
      schema: {
        summary: "Upload a trace",
        description:
          "The body is the trace as it is, or gzip or zstd. Stored and queued for reading when the answer comes. The same bytes twice are one trace.",
        tags,
        consumes: ["application/octet-stream"],
        querystring: UploadQuery,
        response: answers({ 200: Uploaded, 201: Uploaded }),
      },
    },
    async (request, reply) => {
      const { target, recorded_at: recordedAt, clock_shift_ms: clockShiftMillis } = request.query;
      const { raw } = request;
      try {
        if (running >= limits.concurrentUploads)
          throw new ForetraceError("busy", `${running} uploads are running already; try again shortly`);
        if (Number(raw.headers["content-length"] ?? 0) > limits.uploadBytes) throw tooLarge(limits.uploadBytes);
        running++;
        try {
          const meta = {
            target,
            uploadedAt: clock(),
            limitBytes: limits.uploadBytes,
            ...(recordedAt === undefined ? {} : { recordedAt: parseRecordedAt(recordedAt) }),
            ...(clockShiftMillis === undefined ? {} : { clockShiftMillis }),
          };
          const { record, created } = await store.traces.put(
            await checkedTrace(steadily(raw.iterator({ destroyOnReturn: false }), limits.slowUploadMillis), checkTraceHeader),
            meta,
          );
          if (record.target !== target) {
            throw new ForetraceError("conflict", `these bytes are stored already as a trace of target "${record.target}"`, {
              input: "target",
            });
          }
          await store.targets.ensure(target, clock());
          // A trace whose reading failed or was cancelled before gets another try.
          const again = record.status === "stored" || record.status === "failed";
          const job = await enqueueJob(queue, "ingest", { target, trace: record.id }, { again });
          metrics.uploads.inc({ result: created ? "created" : "known" });
          if (created) metrics.uploadBytes.inc(record.bytes);
          reply.code(created ? 201 : 200).header("location", `${restBase}/traces/${record.id}`);
          return { id: record.id, created, job: job.id, trace: record };
        } finally {
          running--;
        }
      } catch (error) {
        const gone = raw.destroyed && !raw.complete;
        const failure = gone ? new ForetraceError("canceled", "the client went away before the upload was complete") : error;
        metrics.uploads.inc({ result: isForetraceError(failure) ? failure.code : "internal" });
        if (!raw.complete && !gone) discardRest(raw);
        throw failure;
      }
    },
  );
}

const tooLarge = (limit: number): ForetraceError =>
  new ForetraceError("too_large", `the upload is larger than the limit of ${limit} bytes`);

/** The client is still sending: what it sends is read and dropped for a while, so that it gets to see the answer. */
function discardRest(raw: NodeJS.ReadableStream & { destroy(): void; complete: boolean }): void {
  raw.resume();
  const timer = setTimeout(() => {
    if (!raw.complete) raw.destroy();
  }, 10_000);
  timer.unref();
}
