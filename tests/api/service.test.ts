/** What surrounds the routes: who may ask, health, metrics, documentation, the page, headers. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApi } from "../../src/api/app.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { findService } from "../helpers/find-service.ts";
import { hasService } from "../helpers/services.ts";
import { startService, type TestService } from "./service.ts";

const rest = "/api/foretrace/v1";
let service: TestService;
let pageDir: string;
beforeAll(async () => {
  pageDir = mkdtempSync(join(tmpdir(), "foretrace-page-"));
  writeFileSync(join(pageDir, "index.html"), "<!doctype html><title>Foretrace</title><script src=/app.js></script>");
  writeFileSync(join(pageDir, "app.js"), "document.title");
  mkdirSync(join(pageDir, "..hidden"));
  service = await startService({ config: { pageDir } });
});
afterAll(async () => {
  await service?.stop();
  rmSync(pageDir, { recursive: true, force: true });
});

/** fetch may not set Host; this may. */
function ask(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
  return new Promise((resolve, reject) => {
    const sending = request(url + path, { method, headers }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    sending.on("error", reject);
    sending.end();
  });
}
/** Addresses in the drawing that Fastify makes of its routes: each line goes on from the one it is indented under. */
function servedAddresses(tree: string): string[] {
  const prefixes: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const match = /^([│ ]*)[├└]── (\S*)(?: \((.*)\))?$/u.exec(line);
    if (match === null) return [];
    const depth = match[1]!.length / 4;
    prefixes[depth] = (depth === 0 ? "" : prefixes[depth - 1]!) + match[2]!;
    return match[3] === undefined ? [] : [prefixes[depth]!];
  });
}
const code = (body: string): string => (JSON.parse(body) as { error: { code: string } }).error.code;

describe("with a token", () => {
  const token = "correct horse battery staple";
  let url: string;
  beforeAll(async () => {
    ({ url } = await service.another({ token, pageDir }));
  });
  const closed = [`${rest}/targets`, `${rest}/traces/x/slice`, "/api/v1/query?query=1", "/metrics", "/autoscale/v1/x/5m", "/nothing"];
  const open = ["/healthz", "/readyz", "/", "/app.js", "/traces/abc?from=1&to=2", "/anomalies/abc", "/docs/json", "/docs/static/index.css"];

  test.each(closed)("%s wants it", async (path) => {
    for (const authorization of [undefined, "Bearer", "Bearer wrong", `Basic ${token}`, `Bearer ${token}x`, token]) {
      const answer = await ask(url, path, authorization === undefined ? {} : { authorization });
      expect([authorization, answer.status]).toEqual([authorization, 401]);
      expect(answer.headers["www-authenticate"]).toBe('Bearer realm="foretrace"');
    }
    for (const scheme of ["Bearer", "bearer"]) expect((await ask(url, path, { authorization: `${scheme} ${token}` })).status).not.toBe(401);
  });
  test.each(open)("%s is open: it holds no data", async (path) => {
    expect((await ask(url, path)).status).toBe(200);
  });
  test("any host name may be used", async () => {
    expect((await ask(url, `${rest}/targets`, { host: "metrics.example.org", authorization: `Bearer ${token}` })).status).toBe(200);
  });
  test("Prometheus' routes refuse in Prometheus' form", async () => {
    expect(JSON.parse((await ask(url, "/api/v1/query?query=1")).body)).toMatchObject({ status: "error", errorType: "unauthorized" });
  });
  test("an upload without it is refused before its body is read", async () => {
    const answer = await ask(url, `${rest}/traces?target=x`, { "content-length": "1000000" }, "HEAD");
    expect(answer.status).toBe(401);
  });
});

describe("without a token", () => {
  const hosts: [string, number][] = [
    ["localhost:9464", 200],
    ["127.0.0.1", 200],
    ["127.8.8.8:1", 200],
    ["[::1]:9464", 200],
    ["LOCALHOST", 200],
    ["evil.example", 403],
    ["127.0.0.1.evil.example", 403],
    ["localhost.evil.example:9464", 403],
    ["192.168.1.5:9464", 403],
  ];
  test.each(hosts)("a request under the name %s gets %i", async (host, status) => {
    const answer = await ask(service.url, `${rest}/targets`, { host });
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(status === 200 ? "items" : "forbidden");
  });
  test("health may be asked under any name, or none", async () => {
    for (const host of ["10.1.2.3:9464", ""]) expect((await ask(service.url, "/healthz", { host })).status).toBe(200);
  });
  test("names that are configured, or all when told so", async () => {
    const named = await service.another({ hosts: ["foretrace.lan"] });
    expect((await ask(named.url, `${rest}/targets`, { host: "foretrace.lan:9464" })).status).toBe(200);
    expect((await ask(named.url, `${rest}/targets`, { host: "other.lan" })).status).toBe(403);
    const insecure = await service.another({ insecure: true });
    expect((await ask(insecure.url, `${rest}/targets`, { host: "evil.example" })).status).toBe(200);
  });
  test("a page of another site may change nothing; this page and programs may", async () => {
    const host = new URL(service.url).host;
    const send = (headers: Record<string, string>, method = "POST") => ask(service.url, `${rest}/jobs`, headers, method);
    for (const headers of [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: "http://localhost:8080" },
      { origin: "http://evil.example" },
      { origin: "null" },
    ] as Record<string, string>[]) {
      const answer = await send(headers);
      expect([headers, answer.status, code(answer.body)]).toEqual([headers, 403, "forbidden"]);
    }
    for (const headers of [{}, { origin: `http://${host}` }, { "sec-fetch-site": "same-origin" }] as Record<string, string>[]) {
      // No body: past the check it is refused for that.
      expect((await send(headers)).status).toBe(400);
    }
    expect((await send({ "sec-fetch-site": "cross-site" }, "GET")).status).toBe(200);
  });
});

describe("health", () => {
  test("ready only between start and drain", async () => {
    const { store, queue, clock } = service;
    const api = await createApi({ store, queue, clock, log: silentLogger, version: "0", config: { checkAnswers: true } });
    const state = async () => {
      const answer = await api.app.inject("/readyz");
      return [answer.statusCode, answer.json<{ status: string }>().status];
    };
    expect(await state()).toEqual([503, "starting"]);
    const url = await api.listen({ host: "127.0.0.1", port: 0, ready: false });
    expect(await state()).toEqual([503, "starting"]);
    api.ready();
    expect(await state()).toEqual([200, "ready"]);
    api.drain();
    expect(await state()).toEqual([503, "draining"]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await Promise.all([api.close(), api.close()]);
  });
  test("a port that is taken is named", async () => {
    const { store, queue, clock } = service;
    const api = await createApi({ store, queue, clock, log: silentLogger, version: "0", config: {} });
    const port = Number(new URL(service.url).port);
    await expect(api.listen({ host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "bad_usage",
      message: expect.stringContaining(String(port)),
    });
    await api.close();
  });
});

describe("/metrics", () => {
  test.skipIf(!hasService("promtool"))("is what promtool accepts, every name begins with foretrace_, with HELP and TYPE", async () => {
    await service.queue.enqueue("train", { target: "m" }, { id: "metrics-test" });
    await fetch(`${service.url}${rest}/targets`);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    // Lint complaints of promtool (status 3) are about prom-client's own process metrics; a syntax error is 1.
    const lint = (): string => {
      try {
        return execFileSync(findService("promtool")!, ["check", "metrics"], { input: text, stdio: ["pipe", "pipe", "pipe"] }).toString();
      } catch (error) {
        const { status, stderr } = error as { status: number; stderr: Buffer };
        return status === 3 ? "" : stderr.toString();
      }
    };
    expect(lint()).toBe("");
    const names = text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => /^[a-zA-Z0-9_:]+/.exec(line)![0]);
    expect(names.filter((name) => !name.startsWith("foretrace_"))).toEqual([]);
    for (const name of [
      "foretrace_jobs",
      "foretrace_http_request_duration_seconds",
      "foretrace_process_resident_memory_bytes",
      "foretrace_uploads_total",
    ]) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, "m"));
      expect(text).toMatch(new RegExp(`^# TYPE ${name} \\w+$`, "m"));
    }
    expect(text).toMatch(/^foretrace_jobs\{state="waiting"\} [1-9]/m);
    expect(text).toMatch(
      /^foretrace_http_request_duration_seconds_count\{method="GET",route="\/api\/foretrace\/v1\/targets",status="200"\} [1-9]/m,
    );
  });
  test("an unknown address does not become a label", async () => {
    await fetch(`${service.url}/secret-${"x".repeat(50)}`);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).not.toContain("secret-");
    expect(text).toContain('route="unknown",status="404"');
  });
  test("is still served when the store does not answer", async () => {
    const failing = new Proxy(service.store.outcomes, { get: () => () => Promise.reject(new Error("gone")) });
    const { queue, clock } = service;
    const api = await createApi({
      store: { ...service.store, outcomes: failing },
      queue,
      clock,
      log: silentLogger,
      version: "0",
      config: {},
    });
    const answer = await api.app.inject("/metrics");
    expect([answer.statusCode, answer.body.includes("foretrace_jobs{")]).toEqual([200, true]);
    await api.close();
  });
});

describe("/docs", () => {
  type Operation = { summary?: string; responses: Record<string, { content?: Record<string, { schema?: object }> }> };
  test("every route is described, with a summary and the shapes of its answers", async () => {
    const spec = (await (await fetch(`${service.url}/docs/json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, Operation>>;
    };
    expect(spec.openapi).toMatch(/^3\./);
    const described = Object.entries(spec.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
    );
    const isDescribed = ({ summary = "", responses }: Operation): boolean => {
      const success = Object.keys(responses).filter((status) => status.startsWith("2"));
      const contents = success.map((status) => Object.values(responses[status]!.content ?? {}));
      const hasShape = (content: { schema?: object }[]) =>
        content.length > 0 && content.every(({ schema }) => Object.keys(schema ?? {}).length > 0);
      return /\w{3}/.test(summary) && success.length > 0 && contents.every(hasShape);
    };
    expect(described.filter(({ operation }) => !isDescribed(operation)).map(({ route }) => route)).toEqual([]);
    const documented = described.map(({ route }) => route);
    for (const wanted of [
      "GET /autoscale/v1/{target}/{horizon}",
      `POST ${rest}/traces`,
      "GET /api/v1/query",
      "POST /api/v1/query_range",
      "GET /metrics",
      "GET /readyz",
    ]) {
      expect(documented).toContain(wanted);
    }
  });
  test("nothing is served that is not described, but the page, the documentation and the refusals of wrong methods", async () => {
    const spec = (await (await fetch(`${service.url}/docs/json`)).json()) as { paths: Record<string, object> };
    const described = Object.keys(spec.paths).map((path) => path.replaceAll(/\{(\w+)\}/g, ":$1"));
    const tree = service.api.app.printRoutes({ commonPrefix: false });
    const served = servedAddresses(tree);
    const page = ["/", "/app.js", "/traces/:id", "/anomalies/:id"];
    expect(served.filter((path) => !path.startsWith("/docs") && !page.includes(path) && !described.includes(path))).toEqual([]);
    expect(served).toEqual(expect.arrayContaining([...described, ...page]));
  });
  test("the page loads nothing from elsewhere", async () => {
    const answer = await fetch(`${service.url}/docs`);
    expect(answer.headers.get("content-security-policy")).toMatch(/default-src 'none'.*script-src 'self'/);
    expect(await answer.text()).not.toMatch(/(src|href)="https?:/);
  });
});

describe("the page", () => {
  test("its addresses are its index, its files are themselves, nothing else is", async () => {
    for (const path of ["/", "/traces/0123abc?from=1&to=2", "/anomalies/a%2Fb"]) {
      const answer = await ask(service.url, path);
      expect([path, answer.status, answer.headers["content-type"]]).toEqual([path, 200, "text/html; charset=utf-8"]);
      expect(answer.body).toContain("<title>Foretrace</title>");
      expect(answer.headers["content-security-policy"]).toContain("script-src 'self'");
    }
    const script = await ask(service.url, "/app.js");
    expect([script.status, script.headers["cache-control"]]).toEqual([200, "no-cache"]);
    expect(script.headers["content-type"]).toMatch(/^(text|application)\/javascript; charset=utf-8$/);
    expect((await ask(service.url, "/..hidden")).status).toBe(404);
    expect((await ask(service.url, "/traces/a/b")).status).toBe(404);
  });
  test("before it is built the address says how to build it", async () => {
    const { url } = await service.another({ pageDir: join(pageDir, "nothing") });
    const answer = await ask(url, "/");
    expect([answer.status, answer.body]).toEqual([503, "The page is not built; run: npm run build\n"]);
  });
});

describe("on the wire", () => {
  test("data are never a page, a script or cached", async () => {
    const { headers } = await ask(service.url, `${rest}/targets`);
    expect(headers).toMatchObject({
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
    });
  });
  function raw(text: string): Promise<string> {
    const { hostname, port } = new URL(service.url);
    return new Promise((resolve, reject) => {
      let answer = "";
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
      socket.on("close", () => resolve(answer));
      socket.on("error", reject);
    });
  }
  test("what is no HTTP is answered and closed", async () => {
    expect(await raw("HELLO\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 Bad Request[\s\S]*\{"error":\{"code":"bad_usage"/);
    expect(await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await raw("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(service.url, "/healthz")).status).toBe(200);
  });
});
