/** The page: its built files, and index.html for every address the page itself understands. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { App } from "../context.ts";
import { contentPolicy } from "./headers.ts";

/** Addresses of the page; the bundle reads them. */
const pageUrls = ["/", "/traces/:id", "/anomalies/:id"];

/** Serves `folder`; without it (or before the page is built) the addresses say in plain words how to build it. */
export async function usePage(app: App, folder: string | undefined): Promise<void> {
  const built = folder !== undefined && existsSync(join(folder, "index.html"));
  if (built) {
    await app.register(fastifyStatic, {
      root: folder,
      serve: true,
      index: false,
      // One route for each file that is there: nothing else of the disk can be asked for.
      wildcard: false,
      globIgnore: ["index.html"],
      cacheControl: false,
      setHeaders: (response) => {
        response.setHeader("content-security-policy", contentPolicy.page);
        response.setHeader("cache-control", "no-cache");
      },
    });
  }
  for (const url of pageUrls) {
    app.get(url, { schema: { hide: true }, config: { open: true } }, async (_request, reply) => {
      if (!built) return reply.code(503).type("text/plain; charset=utf-8").send("The page is not built; run: npm run build\n");
      reply.header("content-security-policy", contentPolicy.page).header("cache-control", "no-cache");
      return reply.sendFile("index.html");
    });
  }
}
