/** /jobs: what is slow runs as a job; list, read, start, cancel. */
import { Type } from "typebox";
import { enqueueJob } from "../../jobs/enqueue.ts";
import type { JobRecord } from "../../jobs/queue.ts";
import { ForetraceError } from "../../lib/errors.ts";
import type { ApiContext, App } from "../context.ts";
import { checkReportRange } from "../moments.ts";
import { IdParams, Limit, Millis, TargetName, answers, itemsOf, queryOf, restBase } from "../schemas/common.ts";
import { Job } from "../schemas/records.ts";

const strict = { additionalProperties: false };
const TraceId = Type.String({ pattern: "^[0-9a-f]{64}$", description: "Id of a stored trace" });
const targetOnly = Type.Object({ target: TargetName }, strict);
/** What may be started over HTTP. A file of the server's disk may not be named here; upload it. */
const inputs = {
  ingest: Type.Union([
    Type.Object({ target: TargetName, trace: TraceId }, strict),
    Type.Object({ target: TargetName, source: Type.Literal("prometheus") }, strict),
  ]),
  extract: Type.Object({ trace: TraceId }, strict),
  train: targetOnly,
  score: targetOnly,
  forecast: targetOnly,
  report: Type.Object({ from: Type.Optional(Millis("Start")), to: Type.Optional(Millis("End")) }, strict),
};
const start = <N extends keyof typeof inputs>(name: N) => Type.Object({ name: Type.Literal(name), input: inputs[name] }, strict);
const StartJob = Type.Union([start("ingest"), start("extract"), start("train"), start("score"), start("forecast"), start("report")], {
  description: "Name and input of the job",
});
const tags = ["jobs"];

export async function jobRoutes(app: App, { queue, clock }: ApiContext): Promise<void> {
  const find = async (id: string): Promise<JobRecord> => {
    const job = await queue.get(id);
    if (job === undefined) throw new ForetraceError("not_found", `no job "${id}" is known`, { input: "id" });
    return job;
  };
  app.get(
    `${restBase}/jobs`,
    {
      schema: {
        summary: "Jobs, newest first",
        tags,
        querystring: queryOf({
          name: Type.Optional(Type.Enum(["ingest", "extract", "train", "score", "forecast", "report"])),
          state: Type.Optional(Type.Enum(["waiting", "active", "delayed", "completed", "failed", "canceled"])),
          limit: Limit,
        }),
        response: answers({ 200: itemsOf(Job) }),
      },
    },
    async ({ query }) => ({ items: await queue.list({ limit: 100, ...query }) }),
  );
  app.get(
    `${restBase}/jobs/:id`,
    { schema: { summary: "One job", tags, params: IdParams, response: answers({ 200: Job }) } },
    async ({ params }) => find(params.id),
  );
  app.post(
    `${restBase}/jobs`,
    { schema: { summary: "Start a job", tags, body: StartJob, response: answers({ 202: Job }) } },
    async ({ body }, reply) => {
      if (body.name === "report" && body.input.from !== undefined) {
        checkReportRange({ from: body.input.from, to: body.input.to ?? clock() });
      }
      const job = await enqueueJob(queue, body.name, body.input, { again: true });
      reply.code(202).header("location", `${restBase}/jobs/${encodeURIComponent(job.id)}`);
      return job;
    },
  );
  app.delete(
    `${restBase}/jobs/:id`,
    { schema: { summary: "Cancel a job that waits or runs", tags, params: IdParams, response: answers({ 202: Job }) } },
    async ({ params }, reply) => {
      const job = await find(params.id);
      if (!(await queue.cancel(job.id)))
        throw new ForetraceError("conflict", `job ${job.id} has ended already (${job.state})`, { input: "id" });
      reply.code(202);
      return find(job.id);
    },
  );
}
