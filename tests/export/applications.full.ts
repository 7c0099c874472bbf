/** Exports in the programs they are for: speedscope's own page in a browser, the OpenTelemetry collector's own reader. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { chromiumPath, launchChromium } from "../helpers/chromium.ts";
import { runCli } from "../helpers/cli.ts";
import { oldTrace } from "../helpers/fixtures.ts";
import { checkOtlp } from "./otlp-rules.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-applications-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

if (chromiumPath === undefined) console.warn("no chromium: the speedscope export is not opened in speedscope");

const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

test.skipIf(chromiumPath === undefined)("speedscope opens it: its menu has the profiles, its title the name", async () => {
  const file = join(folder, "trace.speedscope.json");
  expect((await runCli(["export", oldTrace, "--format", "speedscope", "--out", file])).code).toBe(0);
  const root = dirname(createRequire(import.meta.url).resolve("speedscope/dist/release/index.html"));
  const server = createServer((request, response) => {
    const path = join(root, new URL(request.url!, "http://localhost").pathname.replace(/\/$/, "/index.html"));
    if (!path.startsWith(root) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" }).end(readFileSync(path));
  }).listen(0, "127.0.0.1");
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.setInputFiles("input[type=file]", file);
    await page.waitForFunction(() => document.title.startsWith("go119-scenario-tasks.trace"), undefined, { timeout: 60_000 });
    const text = await page.textContent("body");
    expect(text).toContain("All goroutines: on CPU (1/");
    expect(text).toContain("main.main.func12");
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    server.close();
  }
});

/** The reader that the collector's OTLP/JSON receivers use; fetched from the Go module proxy. */
const program = `package main

import (
	"fmt"
	"os"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

func main() {
	bytes, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(bytes)
	if err != nil {
		panic(err)
	}
	spans := traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for i := range spans.Len() {
		s := spans.At(i)
		fmt.Println(s.TraceID(), s.SpanID(), s.ParentSpanID(), s.Name(), uint64(s.StartTimestamp()), uint64(s.EndTimestamp()), s.Attributes().Len(), s.Events().Len(), s.Links().Len())
	}
}
`;

const go = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync("go", args, { cwd: folder, encoding: "utf8", timeout: 300_000 });

test("the collector's reader sees the same spans", async (context) => {
  writeFileSync(join(folder, "main.go"), program);
  writeFileSync(join(folder, "go.mod"), "module check\n\ngo 1.24\n\nrequire go.opentelemetry.io/collector/pdata v1.71.0\n");
  if (go("mod", "tidy").status !== 0) {
    console.warn("no go, or no module proxy: the OTLP export is not read by the collector's reader");
    context.skip();
  }
  const file = join(folder, "spans.json");
  expect((await runCli(["export", oldTrace, "--format", "otlp", "--out", file])).code).toBe(0);
  const seen = go("run", ".", resolve(file));
  expect(seen.stderr).toBe("");
  const expected = checkOtlp(readFileSync(file)).spans.map((span) =>
    [
      span.traceId,
      span.spanId,
      span.parentSpanId ?? "",
      span.name,
      span.startTimeUnixNano,
      span.endTimeUnixNano,
      span.attributes.length,
      span.events?.length ?? 0,
      span.links?.length ?? 0,
    ].join(" "),
  );
  expect(expected).toHaveLength(100);
  expect(seen.stdout.trimEnd().split("\n")).toEqual(expected);
});
