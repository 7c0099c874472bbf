/** /reports: findings of a time range as a page or as Markdown. */
import { Type } from "typebox";
import { enqueueJob } from "../../jobs/enqueue.ts";
import { ForetraceError } from "../../lib/errors.ts";
import type { ApiContext, App } from "../context.ts";
import { checkReportRange } from "../moments.ts";
import { contentPolicy } from "../plugins/headers.ts";
import { IdParams, Millis, RawAnswer, answers, itemsOf, queryOf, restBase } from "../schemas/common.ts";
import { Job, Report } from "../schemas/records.ts";

const tags = ["reports"];
const Range = Type.Object({ from: Millis("Start"), to: Millis("End") }, { additionalProperties: false });

export async function reportRoutes(app: App, { store, queue }: ApiContext): Promise<void> {
  app.get(
    `${restBase}/reports`,
    { schema: { summary: "Reports, newest first", tags, response: answers({ 200: itemsOf(Report) }) } },
    async () => ({ items: (await store.outcomes.reports()).sort((a, b) => b.createdAt - a.createdAt) }),
  );
  app.post(
    `${restBase}/reports`,
    { schema: { summary: "Make a report of a time range", tags, body: Range, response: answers({ 202: Job }) } },
    async ({ body }, reply) => {
      checkReportRange(body);
      const job = await enqueueJob(queue, "report", body, { again: true });
      reply.code(202).header("location", `${restBase}/jobs/${encodeURIComponent(job.id)}`);
      return job;
    },
  );
  app.get(
    `${restBase}/reports/:id`,
    {
      schema: {
        summary: "One report",
        tags,
        params: IdParams,
        querystring: queryOf({ format: Type.Optional(Type.Enum(["html", "md"], { description: "html unless told" })) }),
        produces: ["text/html", "text/markdown"],
        response: answers({ 200: RawAnswer("The report") }),
      },
    },
    async ({ params, query }, reply) => {
      const found = await store.outcomes.report(params.id);
      if (found === undefined) throw new ForetraceError("not_found", `no report "${params.id}" is stored`, { input: "id" });
      reply.header("content-security-policy", contentPolicy.report);
      if (query.format === "md") return reply.type("text/markdown; charset=utf-8").send(found.markdown);
      return reply.type("text/html; charset=utf-8").send(found.html);
    },
  );
}
