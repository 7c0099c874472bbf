/** Serves the built page and REST answers made from real data, under the strict policy the page promises to work with. */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { contentPolicy } from "../../src/api/plugins/headers.ts";
import type { Job, ReportItem, TargetItem, TraceItem } from "../../src/web/api-types.ts";
import { parseTracePoint } from "../../src/web/url.ts";
import { forecast, seriesData, serverTarget, traceTarget, type PageTarget } from "./page-data.ts";
import { readSpans, timelineOf } from "./page-timeline.ts";

export const pageTraceId = "3f1c9a6be2d04875";
/** A trace that was cut in its first batch. */
export const emptyTraceId = "00000000e2d04875";

export type PageServer = {
  readonly url: string;
  /** Method and address of each request, in order. */
  readonly requests: string[];
  readonly targets: PageTarget[];
  /** Status to answer a path with instead of data; undefined = as usual. */
  fail: (path: string) => number | undefined;
  /** Holds answers back until the promise resolves. */
  hold: Promise<void>;
  close(): Promise<void>;
};
const types: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  txt: "text/plain",
};

/** `token`: answers 401 without it. `empty`: a service that has nothing yet. `web`: the built page. `alter`: changes the targets before they are served. */
export async function startPageServer(
  shared: string,
  options: { token?: string; empty?: boolean; port?: number; web?: string; alter?: (targets: PageTarget[]) => void } = {},
): Promise<PageServer> {
  const web = options.web ?? resolve(import.meta.dirname, "..", "..", "dist", "web");
  const now = Date.now();
  const empty = options.empty === true;
  const spans = readSpans(join(shared, "traces/real/nats-server-2.9.10-go1.19.8-load3s.trace.tsv.gz"));
  const targets: PageTarget[] = empty ? [] : [traceTarget(shared, now, [pageTraceId]), serverTarget(shared, now)];
  // The recording begins a second before the first anomalous window.
  const start = (targets[0]?.anomalies[0]?.from ?? now) - 1000;
  options.alter?.(targets);
  const trace: TraceItem = {
    id: pageTraceId,
    target: "esbuild",
    bytes: 1_129_285,
    uploadedAt: now,
    status: "extracted",
    version: 19,
    events: spans.events,
    start,
    end: start + spans.end / 1e6,
    clock: "snapshot",
    clockErrorMillis: 0,
  };
  const jobs: Job[] = empty
    ? []
    : [{ id: "j1", name: "train", state: "active", input: { target: "omi-1" }, progress: 0.43, attempts: 1, createdAt: now }];

  const reports: ReportItem[] = empty ? [] : [{ id: "r1", createdAt: now, from: now - 86_400_000, to: now, title: "Report of a day" }];

  const answer = (url: URL): unknown => {
    const path = url.pathname
      .replace(/^\/(api\/foretrace\/v1\/)?/, "")
      .split("/")
      .map(decodeURIComponent);
    const target = targets.find((one) => one.name === url.searchParams.get("target"));
    const number = (name: string): number => Number(url.searchParams.get(name));
    switch (path[0]) {
      case "targets":
        return { items: targets.map((one) => describe(one, now)) };
      case "series": {
        if (path[1] !== "data") return target && { items: target.series.map((series) => series.item) };
        const series = target?.series.find((one) => one.item.name === url.searchParams.get("name"));
        return series === undefined ? undefined : seriesData(target!, series, number("from"), number("to"));
      }
      case "forecasts":
        return {
          items: target!.series.filter((one) => !one.item.name.startsWith("foretrace_")).map((series) => forecast(target!.name, series)),
        };
      case "anomalies": {
        if (path[1] !== undefined) return targets.flatMap((one) => one.anomalies).find((one) => one.id === path[1]);
        const found = (target === undefined ? targets : [target]).flatMap((one) => one.anomalies);
        return { items: found.toSorted((a, b) => b.from - a.from).slice(0, number("limit") || 100) };
      }
      case "traces": {
        if (path[1] === undefined) return { items: target?.traces.includes(pageTraceId) === true ? [trace] : [] };
        if (path[1] === emptyTraceId) {
          if (path[2] === "timeline") return { from: 0, to: 0, names: [], lanes: [], counters: [] };
          return { id: emptyTraceId, target: "esbuild", bytes: 40, uploadedAt: now, status: "partial", error: "it ends in a batch" };
        }
        if (path[1] !== pageTraceId) return undefined;
        if (path[2] !== "timeline") return trace;
        const from = parseTracePoint(url.searchParams.get("from"), start) ?? 0;
        const to = parseTracePoint(url.searchParams.get("to"), start) ?? spans.end;
        return timelineOf(spans, Math.max(0, from), Math.min(spans.end, to), number("width") || 800);
      }
      case "reports":
        return path[1] === undefined ? { items: reports } : "<!doctype html><title>The report</title>";
      case "metrics":
        return "foretrace_up 1";
      case "jobs":
        return { items: jobs };
      default:
        return undefined;
    }
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url!, "http://127.0.0.1");
    self.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (!url.pathname.startsWith("/api/") && url.pathname !== "/metrics") {
      sendFile(web, url.pathname, response);
      return;
    }
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const status = self.fail(url.pathname);
    if (status !== undefined) {
      send(status, { error: { code: "internal", message: `The store cannot be read (${status}).` } });
      return;
    }
    if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`) {
      send(401, { error: { code: "unauthorized", message: "The bearer token is missing or wrong." } });
      return;
    }
    const body = answer(url);
    if (body === undefined)
      send(404, { error: { code: "not_found", message: `Nothing is stored under ${url.pathname.split("/").at(-1)!}` } });
    else void self.hold.then(() => send(200, body));
  };
  const server = createServer(handle);
  await new Promise<void>((done) => server.listen(options.port ?? 0, "127.0.0.1", done));
  const self: PageServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    targets,
    fail: () => undefined,
    hold: Promise.resolve(),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return self;
}

function sendFile(web: string, path: string, response: ServerResponse): void {
  const file = join(web, /\.\w+$/.test(path) ? path : "index.html");
  const found = existsSync(file);
  response.writeHead(found ? 200 : 404, {
    "content-type": types[file.split(".").at(-1)!] ?? "application/octet-stream",
    "content-security-policy": contentPolicy.page,
  });
  if (found) createReadStream(file).pipe(response);
  else response.end();
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
