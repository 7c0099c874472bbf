/** Who may ask: a bearer token where one is set; without one only programs and pages of this machine. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { ForetraceError } from "../../lib/errors.ts";
import type { ApiConfig, App } from "../context.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answers without a token: health, and the page's own files (which hold no data). */
    open?: boolean;
  }
}

/** Balancers ask these under any name, or none. */
const healthUrls = new Set(["/healthz", "/readyz"]);

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

export function useAuth(app: App, config: ApiConfig): void {
  if (config.token === "")
    throw new ForetraceError("bad_config", "the token is empty; leave it out, or give one that nobody guesses", { input: "api.token" });
  const wanted = config.token === undefined ? undefined : digest(config.token);
  app.addHook("onRequest", async (request) => {
    refuseForeignPage(request);
    if (wanted === undefined) {
      if (config.insecure !== true && !healthUrls.has(request.routeOptions.url ?? "")) refuseForeignHost(request, config.hosts ?? []);
      return;
    }
    if (request.routeOptions.config.open === true) return;
    const token = /^bearer +(.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    // Digests have one length, so the comparison tells nothing about the token.
    if (!timingSafeEqual(digest(token), wanted)) {
      throw new ForetraceError("unauthorized", "send the token of this service as Authorization: Bearer TOKEN");
    }
  });
}

/** A page of another site must not change anything through the reader's browser. */
function refuseForeignPage(request: FastifyRequest): void {
  if (request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS") return;
  const site = request.headers["sec-fetch-site"];
  const { origin } = request.headers;
  const foreign = origin !== undefined && hostOf(origin) !== (request.headers.host ?? "").toLowerCase();
  if (site === "cross-site" || site === "same-site" || (site === undefined && foreign)) {
    throw new ForetraceError("forbidden", `a page of ${origin ?? "another site"} may not send this`);
  }
}

const hostOf = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host.toLowerCase() : origin);

/** Without a token, a foreign name that resolves to this machine (DNS rebinding) must not open the data to a web page. */
function refuseForeignHost(request: FastifyRequest, hosts: readonly string[]): void {
  const host = request.hostname.toLowerCase().replace(/^\[|\]$/g, "");
  if (host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host) || hosts.includes(host)) return;
  throw new ForetraceError(
    "forbidden",
    `the service has no token and answers only as localhost, not as "${host}"; set a token to reach it by name`,
  );
}
