/** /docs: the OpenAPI description as a page, and as JSON and YAML below it. It holds no data, so it is open. */
import fastifySwaggerUi from "@fastify/swagger-ui";
import type { App } from "../context.ts";

const docsPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export async function useDocs(app: App): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook("onRoute", (route) => {
      route.config = { ...route.config, open: true };
    });
    await scope.register(fastifySwaggerUi, {
      routePrefix: "/docs",
      staticCSP: docsPolicy,
      uiConfig: { docExpansion: "list" },
      theme: { title: "Foretrace API", css: [{ filename: "foretrace.css", content: ".swagger-ui .topbar { display: none }" }] },
    });
  });
}
