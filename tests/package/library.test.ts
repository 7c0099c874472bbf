/** The library's face: what package.json exports is there, has types, and the documentation's programs compile, run and print what it says. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launchChromium } from "../helpers/chromium.ts";
import { repoRoot } from "../helpers/cli.ts";
import { goldenLists } from "../trace/golden.ts";
import { bundled, serveSite } from "./browser.ts";
import { compilerErrors, consumerFolder, documentedPrograms } from "./library.ts";

const run = promisify(execFile);
const programs = documentedPrograms().filter(({ language }) => language === "ts");
const traceName = "esbuild-0.28.2-go1.26.5-watch.trace";
const compressed = pathToFileURL(join(repoRoot, `tests/fixtures/traces/${traceName}.gz`)).href;
if (chromiumPath === undefined) console.warn("the library in a browser is not tested: no chromium (Debian: apt-get install chromium)");
const manifest = JSON.parse(readFileSync(join(repoRoot, "package.json"), "utf8")) as { exports: Record<string, string> };
const forNode = { module: "nodenext", types: ["node"], lib: ["es2024"] };
const forBrowsers = {
  module: "esnext",
  moduleResolution: "bundler",
  types: [],
  lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
};

let folder: string;
beforeAll(() => {
  folder = consumerFolder();
  programs.forEach(({ code }, i) => writeFileSync(join(folder, `example-${i}.ts`), code));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  /** Names with a star stand for the kernels that there are. */
  const kernels = readdirSync(join(repoRoot, "build/kernels")).filter((name) => name.startsWith("trace"));
  const named = Object.entries(manifest.exports).filter(([name]) => !name.includes("*"));
  const exported = new Map([...named, ...kernels.map((name) => [`./${name}`, `./build/kernels/${name}`] as const)]);

  test.each([...exported])("exports %s", async (name, path) => {
    expect(existsSync(join(folder, "node_modules/foretrace", path))).toBe(true);
    const code = `console.log(import.meta.resolve("foretrace${name.slice(1)}"))`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd: folder });
    expect(stdout).toContain(path.slice(1));
  });

  test("can be required too", async () => {
    const code = `console.log(typeof require("foretrace/trace").readTrace, typeof require("foretrace/features").createCoreSeries)`;
    expect((await run(process.execPath, ["--input-type=commonjs", "-e", code], { cwd: folder })).stdout).toBe("function function\n");
  });
});

describe("docs/library.md", () => {
  test("has programs for everything it is about", () => {
    expect(programs.length).toBeGreaterThanOrEqual(9);
    expect(programs.filter(({ output }) => output === undefined)).toEqual([]);
  });

  test("its programs compile against the package's types, without skipping the package's own", async () => {
    expect(
      await compilerErrors(
        folder,
        programs.map((_, i) => `example-${i}.ts`),
        forNode,
      ),
    ).toBe("");
  });

  test.each(programs.map(({ name, output }, i) => [name, i, output] as const))("%s: prints what stands there", async (_, i, output) => {
    const { stdout, stderr } = await run(process.execPath, [`example-${i}.ts`], { cwd: folder });
    expect({ stdout, stderr }).toEqual({ stdout: output, stderr: "" });
  });
});

describe("types", () => {
  test("need nothing of Node in a browser's program", async () => {
    const code = `
      import { eventAt, EventKind, readTable, readTrace, streamBytes, traceEvents, type TraceCores } from "foretrace/trace";
      import { createSummary, type Finding } from "foretrace/features";
      declare const file: File, module: WebAssembly.Module;
      const core: TraceCores = { generations: () => module, old: () => undefined };
      const summary = createSummary({ windowNanos: 1e6 });
      await readTrace(streamBytes(file.stream()), summary, { core });
      export const findings: readonly Finding[] = summary.finish().findings;
      const table = await readTable(streamBytes(file.stream()));
      const first = eventAt(table, 0);
      if (first.kind === EventKind.Log) first.message.toUpperCase();
      for await (const event of traceEvents(streamBytes(file.stream()), { signal: AbortSignal.timeout(1000) })) {
        if (event.kind === EventKind.GoTransition) event.targetStack[0]?.func.toUpperCase();
      }`;
    writeFileSync(join(folder, "browser.ts"), code);
    expect(await compilerErrors(folder, ["browser.ts"], forBrowsers)).toBe("");
  });

  test("refuse what cannot be", async () => {
    const code = `
      import { eventAt, EventKind, readTable, traceEvents } from "foretrace/trace";
      const { columns } = await readTable([], { columns: ["time", "kind"] });
      columns.time.at(0);
      // @ts-expect-error a column that was not asked for
      columns.stack;
      // @ts-expect-error no such column
      await readTable([], { columns: ["gorutine"] });
      // @ts-expect-error objects need all columns
      eventAt(await readTable([], { columns: ["time"] }), 0);
      for await (const event of traceEvents([])) {
        // @ts-expect-error not before the kind is known
        event.targetStack;
        // @ts-expect-error a sync has no reason
        if (event.kind === EventKind.Sync) event.reason;
      }`;
    writeFileSync(join(folder, "wrong.ts"), code);
    expect(await compilerErrors(folder, ["wrong.ts"], forNode)).toBe("");
  });
});

describe.skipIf(chromiumPath === undefined)("in chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** What the page has in its body in the end; errors of the page are errors of the test. */
  async function bodyOf(files: ReadonlyMap<string, Uint8Array | string>): Promise<string> {
    const site = await serveSite(files);
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    try {
      await page.goto(site.url);
      await page
        .waitForFunction(() => document.body.textContent!.trim() !== "", undefined, { timeout: 40_000 })
        .catch((error: unknown) => {
          throw new Error(errors.join("; "), { cause: error });
        });
      expect(errors).toEqual([]);
      return (await page.evaluate(() => document.body.textContent!)).trim();
    } finally {
      await page.close();
      await site.close();
    }
  }

  test("the documented program does what it says", async () => {
    const program = documentedPrograms().find(({ language }) => language === "js browser");
    const files = await bundled(program!.code, folder);
    expect([...files.keys()].toSorted()).toEqual(["/program.js", "/trace.wasm"]);
    expect(await bodyOf(new Map<string, Uint8Array | string>([...files, ["/trace.out.gz", compressed]]))).toBe(program!.output!.trim());
  });

  test("events are those of the reference reader: from fetch and from a Blob, with the core and without, in the page and in a worker", async () => {
    const list = pathToFileURL(join(repoRoot, "tests/trace/event-list.ts")).pathname;
    const code = `
      import { readTrace, streamBytes } from "foretrace/trace";
      import address from "foretrace/trace.wasm";
      import { EventLister } from ${JSON.stringify(list)};
      const module = await WebAssembly.compileStreaming(fetch(address));
      const core = { generations: () => module, old: () => undefined };
      async function digest(stream, options) {
        const lines = [];
        const bytes = streamBytes(stream.pipeThrough(new DecompressionStream("gzip")));
        const outcome = await readTrace(bytes, new EventLister((line) => lines.push(line.trimEnd() + "\\n")), options);
        const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(lines.join("")));
        return { events: outcome.events, error: outcome.error?.message, sha256: Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("") };
      }
      let blocks = 0;
      await readTrace([new Uint8Array(await new Response((await fetch("/trace.gz")).body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer())], { event() {}, block: () => void blocks++ }, { core });
      if (blocks === 0) throw new Error("the core was not used");
      const fetched = async () => (await fetch("/trace.gz")).body;
      const blob = async () => (await (await fetch("/trace.gz")).blob()).stream();
      const results = [await digest(await fetched(), {}), await digest(await blob(), {}), await digest(await fetched(), { core }), await digest(await blob(), { core })];
      if (typeof document === "undefined") postMessage(results);
      else new Worker("/program.js", { type: "module" }).onmessage = ({ data }) => { document.body.textContent = JSON.stringify([...results, ...data]); };`;
    const files = await bundled(code, folder);
    const results = JSON.parse(await bodyOf(new Map<string, Uint8Array | string>([...files, ["/trace.gz", compressed]]))) as unknown[];
    const { events, sha256 } = goldenLists[traceName]!;
    expect(results).toEqual(Array.from({ length: 8 }, () => ({ events, sha256 })));
  }, 120_000);
});
