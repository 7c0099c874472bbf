/** /healthz: the process answers. /readyz: it should get requests. */
import { Type } from "typebox";
import type { App } from "../context.ts";

export type Readiness = { state: "starting" | "ready" | "draining" };

const State = Type.Object({ status: Type.Enum(["ok", "starting", "ready", "draining"]) });
const tags = ["service"];

export function healthRoutes(app: App, readiness: Readiness): void {
  app.get(
    "/healthz",
    { schema: { summary: "The process is up", tags, security: [], response: { 200: State } }, config: { open: true } },
    async () => ({ status: "ok" as const }),
  );
  app.get(
    "/readyz",
    {
      schema: { summary: "Requests are welcome; 503 while starting or draining", tags, security: [], response: { 200: State, 503: State } },
      config: { open: true },
    },
    async (_request, reply) => {
      reply.code(readiness.state === "ready" ? 200 : 503);
      return { status: readiness.state };
    },
  );
}
