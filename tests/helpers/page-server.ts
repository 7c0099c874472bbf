/** Serves the built page and REST answers made from real data, under the strict policy the page promises to work with. */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { parseTracePoint } from "../../src/web/url.ts";
import type { Job, TargetItem, TraceItem } from "../../src/web/api-types.ts";
import { forecast, seriesData, serverTarget, traceTarget, type PageTarget } from "./page-data.ts";
import { readSpans, timelineOf } from "./page-timeline.ts";

export type PageServer = { url: string; requests: string[]; close(): Promise<void> };
const types: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  txt: "text/plain",
};

/** `token`: answers 401 without it. `empty`: a service that has nothing yet. */
export async function startPageServer(
  shared: string,
  options: { token?: string; empty?: boolean; port?: number } = {},
): Promise<PageServer> {
  const web = resolve(import.meta.dirname, "..", "..", "dist", "web");
  const traceId = "3f1c9a6be2d04875";
  const now = Date.now();
  const spans = readSpans(join(shared, "traces/real/esbuild-0.28.2-go1.26.5-small.trace.tsv.gz"));
  const targets: PageTarget[] = options.empty === true ? [] : [traceTarget(shared, now, [traceId]), serverTarget(shared, now)];
  const window = targets[0]?.anomalies[0];
  const start = window === undefined ? now : window.from - 20;
  const trace: TraceItem = {
    id: traceId,
    target: "esbuild",
    bytes: 129_285,
    uploadedAt: now,
    status: "extracted",
    version: 26,
    events: spans.events,
    start,
    end: start + spans.end / 1e6,
    clock: "snapshot",
    clockErrorMillis: 0,
  };
  const jobs: Job[] =
    options.empty === true
      ? []
      : [{ id: "j1", name: "train", state: "active", input: { target: "omi-1" }, progress: 0.43, createdAt: now }];
  const requests: string[] = [];

  const answer = (url: URL): unknown => {
    const path = url.pathname.replace("/api/foretrace/v1/", "").split("/").map(decodeURIComponent);
    const target = targets.find((one) => one.name === url.searchParams.get("target"));
    const number = (name: string): number => Number(url.searchParams.get(name));
    switch (path[0]) {
      case "targets":
        return { items: targets.map((one) => describe(one, now)) };
      case "series": {
        if (path[1] !== "data") return { items: target!.series.map((series) => series.item) };
        const series = target?.series.find((one) => one.item.name === url.searchParams.get("name"));
        return series === undefined ? undefined : seriesData(target!, series, number("from"), number("to"));
      }
      case "forecasts":
        return {
          items: target!.series.filter((one) => !one.item.name.startsWith("foretrace_")).map((series) => forecast(target!.name, series)),
        };
      case "anomalies":
        if (path[1] !== undefined) return targets.flatMap((one) => one.anomalies).find((one) => one.id === path[1]);
        return { items: (target === undefined ? targets : [target]).flatMap((one) => one.anomalies) };
      case "traces": {
        if (path[1] === undefined) return { items: [trace] };
        if (path[1] !== traceId) return undefined;
        if (path[2] !== "timeline") return trace;
        const from = parseTracePoint(url.searchParams.get("from"), start) ?? 0;
        const to = parseTracePoint(url.searchParams.get("to"), start) ?? spans.end;
        return timelineOf(spans, Math.max(0, from), Math.min(spans.end, to), number("width") || 800);
      }
      case "jobs":
        return { items: jobs };
      default:
        return undefined;
    }
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url!, "http://127.0.0.1");
    requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (!url.pathname.startsWith("/api/")) {
      const file = join(web, /\.\w+$/.test(url.pathname) ? url.pathname : "index.html");
      const found = existsSync(file);
      response.writeHead(found ? 200 : 404, {
        "content-type": types[file.split(".").at(-1)!] ?? "application/octet-stream",
        "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
      });
      if (found) createReadStream(file).pipe(response);
      else response.end();
      return;
    }
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`) {
      send(401, { error: { code: "unauthorized", message: "The bearer token is missing or wrong." } });
      return;
    }
    const body = answer(url);
    if (body === undefined)
      send(404, { error: { code: "not_found", message: `Nothing is stored under ${url.pathname.split("/").at(-1)!}` } });
    else send(200, body);
  };
  const server = createServer(handle);
  await new Promise<void>((done) => server.listen(options.port ?? 0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function describe(target: PageTarget, now: number): TargetItem {
  const last = target.series[0]!;
  return {
    name: target.name,
    createdAt: now,
    series: target.series.length,
    traces: target.traces.length,
    openAnomalies: target.anomalies.filter((one) => one.open).length,
    lastSampleAt: last.start + (last.values.length - 1) * last.step,
  };
}
