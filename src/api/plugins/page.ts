/** The page: its built files, and index.html for every address the page itself understands. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { App } from "../context.ts";
import { contentPolicy } from "./headers.ts";

/** Addresses of the page; the bundle reads them. */
const pageUrls = ["/", "/traces/:id", "/anomalies/:id"];
const pageHeaders = { "content-security-policy": contentPolicy.page, "cache-control": "no-cache" };

/** Serves `folder`; without it (or before the page is built) the addresses say in plain words how to build it. */
export async function usePage(app: App, folder: string | undefined): Promise<void> {
  const built = folder !== undefined && existsSync(join(folder, "index.html"));
  await app.register(async (scope) => {
    scope.addHook("onRoute", (route) => {
      route.config = { ...route.config, open: true };
      route.schema = { ...route.schema, hide: true };
    });
    if (built) {
      await scope.register(fastifyStatic, {
        root: folder,
        serve: true,
        index: false,
        // One route for each file that is there: nothing else of the disk can be asked for.
        wildcard: false,
        globIgnore: ["index.html"],
        cacheControl: false,
        setHeaders: (reply) => void reply.headers(pageHeaders),
      });
    }
    for (const url of pageUrls) {
      scope.get(url, async (_request, reply) => {
        if (!built) return reply.code(503).type("text/plain; charset=utf-8").send("The page is not built; run: npm run build\n");
        return reply.headers(pageHeaders).sendFile("index.html");
      });
    }
  });
}
