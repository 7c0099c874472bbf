/** A known address asked with a wrong method answers 405 and names the right ones, instead of 404. */
import type { HTTPMethods } from "fastify";
import { ForetraceError } from "../../lib/errors.ts";
import type { App } from "../context.ts";

const methods: readonly HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** Call before the routes; the returned function, called after them, adds the 405 answers. */
export function useMethodAnswers(app: App): () => void {
  const known = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const set = known.get(url) ?? new Set();
    for (const one of Array.isArray(method) ? method : [method]) set.add(one);
    known.set(url, set);
  });
  return () => {
    // The answers are routes themselves and must not be answered again.
    const urls = Array.from(known);
    for (const [url, set] of urls) {
      if (url.includes("*") || url.startsWith("/docs")) continue;
      const allow = [...set].sort().join(", ");
      app.route({
        method: methods.filter((method) => !set.has(method)),
        url,
        schema: { hide: true },
        config: { open: true },
        // Before the body is looked at.
        onRequest: async (request, reply) => {
          reply.header("allow", allow);
          throw new ForetraceError("method_not_allowed", `${request.method} is not possible here; ${allow} is`);
        },
        handler: async () => undefined,
      });
    }
  };
}
