/** Security headers: an answer of the API is data and never a page of its own. */
import type { App } from "../context.ts";

export const contentPolicy = {
  data: "default-src 'none'; frame-ancestors 'none'",
  page: [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  /** Reports hold names from traces: nothing in them may run or load. */
  report: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'",
} as const;

export function useSecurityHeaders(app: App): void {
  app.addHook("onSend", async (_request, reply, payload) => {
    const defaults = {
      "content-security-policy": contentPolicy.data,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    };
    for (const [name, value] of Object.entries(defaults)) if (!reply.hasHeader(name)) reply.header(name, value);
    return payload;
  });
}
