/** `analyze --format html`: one file that needs nothing else, saying what the JSON says; looked at in a real browser. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { Curves } from "../../src/cli/analyze/html/curves.ts";
import { chromiumPath, launchChromium } from "../helpers/chromium.ts";
import { runCli } from "../helpers/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-html-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const mutex = join(import.meta.dirname, "..", "fixtures", "scenarios", "mutex.trace.gz");
const out = join(folder, "mutex.html");

test.skipIf(chromiumPath === undefined)(
  "in a browser: the findings of the JSON, charts with lines, dark and light, narrow and wide, nothing asked for elsewhere",
  async () => {
    expect((await runCli(["analyze", mutex, "--format", "html", "--out", out])).code).toBe(0);
    const json = JSON.parse((await runCli(["analyze", mutex, "--format", "json"])).stdout) as {
      findings: { title: string; sites: { site: string }[] }[];
    };
    const browser = await launchChromium();
    try {
      for (const [colorScheme, width] of [
        ["dark", 400],
        ["light", 1200],
      ] as const) {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
        const asked: string[] = [];
        const faults: string[] = [];
        page.on("request", (request) => asked.push(request.url()));
        page.on("console", (message) => faults.push(message.text()));
        page.on("pageerror", (error) => faults.push(error.message));
        await page.goto(pathToFileURL(out).href);
        expect(await page.locator("h3").allTextContents()).toEqual(json.findings.map(({ title }) => title));
        const text = await page.locator("main").innerText();
        for (const { site } of json.findings.flatMap(({ sites }) => sites)) expect(text).toContain(site);
        // 8 goroutines wait for one lock: 7 of them and main are blocked nearly all the time.
        const blocked = page.locator("figure", { hasText: "Goroutines blocked" });
        expect(await blocked.locator("path").count()).toBe(1);
        expect(await blocked.locator("path").getAttribute("d")).toMatch(/^M[\d.]+ [\d.]+h1(L[\d.]+ [\d.]+)+$/);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
        expect(asked).toEqual([pathToFileURL(out).href]);
        expect(faults).toEqual([]);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  },
);

test("a trace that breaks off is told in the page", async () => {
  const cut = join(folder, "cut.html");
  const trace = join(folder, "cut.trace");
  const whole = gunzipSync(readFileSync(join(import.meta.dirname, "..", "fixtures", "traces", "esbuild-0.28.2-go1.26.5-watch.trace.gz")));
  writeFileSync(trace, whole.subarray(0, whole.length - 1000));
  const { code } = await runCli(["analyze", trace, "--format", "html", "--out", cut]);
  expect(code).toBe(3);
  const page = readFileSync(cut, "utf8");
  expect(page).toMatch(/<strong>failed to read full batch.*--salvage/);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("curves: as many windows as one likes, few points; means stay means and the most the most (property)", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constant(Number.NaN)), { minLength: 1, maxLength: 5000 }),
      (values) => {
        const curves = new Curves({ mean: "mean", most: "most" });
        for (const value of values) curves.add([value, value]);
        const known = values.filter((value) => !Number.isNaN(value));
        const most = curves.of("most");
        expect(most.length).toBeLessThanOrEqual(801);
        expect(Math.max(0, ...most.filter((value) => !Number.isNaN(value)))).toBe(Math.max(0, ...known));
        const means = curves.of("mean").filter((mean) => !Number.isNaN(mean));
        expect(Math.max(0, ...means)).toBeLessThanOrEqual(Math.max(0, ...known) * (1 + 1e-12));
      },
    ),
    { numRuns: 50 },
  );
});
