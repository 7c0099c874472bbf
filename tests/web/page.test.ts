/** The page in a real browser, over answers made from real measurements, under the policy that the service sends. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildPage } from "../../scripts/build-page.ts";
import { chromiumPath, launchChromium } from "../helpers/chromium.ts";
import { layoutShift, nameless, paleWords, pixelsNear, watchShifts, type Rgb } from "../helpers/page-probe.ts";
import { emptyTraceId, pageTraceId, startPageServer, type PageServer } from "../helpers/page-server.ts";
import { sharedDir } from "../helpers/shared.ts";

const ready = chromiumPath !== undefined && sharedDir !== undefined;
if (!ready)
  console.warn(`page tests skipped: ${chromiumPath === undefined ? "no chromium (Debian: apt-get install chromium)" : "no ../shared"}`);

/** The lines of charts, light theme. */
const ink = { observed: [0x1d, 0x5f, 0xd1], forecast: [0x7a, 0x35, 0xd8], edge: [0xc8, 0x1e, 0x33] } satisfies Record<string, Rgb>;

/** For answers of the page on a machine that is busy with other tests. */
const patient = { timeout: 20_000 };
const phone = { width: 390, height: 844 };
const card = (page: Page, name: string) => page.locator(`article[data-series^='${name}']`);
const millis = (text: string | null): number => (text!.endsWith("ms") ? Number.parseFloat(text!) : Number.parseFloat(text!) * 1000);
/** CSS pixels by which the page is wider than its window. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe.skipIf(!ready)("the page", () => {
  let browser: Browser;
  let web: string;
  let server: PageServer;
  const open: { context: BrowserContext; errors: string[]; foreign: string[] }[] = [];
  const servers: PageServer[] = [];

  beforeAll(async () => {
    web = await mkdtemp(join(tmpdir(), "foretrace-page-"));
    await buildPage(web);
    [browser, server] = await Promise.all([launchChromium(), startPageServer(sharedDir!, { web })]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(web, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const { context, errors, foreign } of open.splice(0)) {
      await context.close();
      if (errors.length > 0) throw new Error(`errors of the console, or uncaught: ${errors.join("; ")}`);
      if (foreign.length > 0) throw new Error(`requests to elsewhere: ${foreign.join(", ")}`);
    }
    for (const one of servers.splice(0)) await one.close();
    server.fail = () => undefined;
    server.hold = Promise.resolve();
  });

  type Options = { expectErrors?: RegExp; on?: PageServer };
  /** A page of its own. An error in the console, or a request to another server, fails the test. */
  async function visit(path: string, { expectErrors, on = server }: Options = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme: "light",
      timezoneId: "Europe/Berlin",
    });
    const page = await context.newPage();
    const seen = { context, errors: [] as string[], foreign: [] as string[] };
    open.push(seen);
    page.on("console", (message) => {
      // Reading pixels is the tests' own doing.
      const bad = (message.type() === "error" || message.type() === "warning") && !message.text().startsWith("Canvas2D: Multiple readback");
      if (bad && expectErrors?.test(message.text()) !== true) seen.errors.push(message.text());
    });
    page.on("pageerror", (error) => seen.errors.push(error.message));
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== on.url) seen.foreign.push(request.url());
    });
    await watchShifts(page);
    await page.goto(on.url + path);
    return page;
  }
  async function own(options: Parameters<typeof startPageServer>[1]): Promise<PageServer> {
    const made = await startPageServer(sharedDir!, { web, ...options });
    servers.push(made);
    return made;
  }
  const anomaly = () => server.targets[0]!.anomalies[0]!;

  describe("a target", () => {
    test("shows facts, score, windows and series, with the reader's zone, without moving what is there", async () => {
      const page = await visit("/?target=omi-1");
      await page.locator(".card .uplot").first().waitFor();
      expect(await page.locator("h1").textContent()).toBe("omi-1");
      expect(await page.locator(".zone").textContent()).toMatch(/^Times in Europe\/Berlin \(UTC\+[12]\)$/);
      expect(await page.locator(".tile").allTextContents()).toEqual([
        expect.stringMatching(/^Open anomalies1since /),
        expect.stringMatching(/^Last sample.* ago.*20 series$/),
        expect.stringMatching(/^Forecastsuntil .*19 series · seasonal naive$/),
        expect.stringMatching(/^Traces0/),
      ]);
      expect(await page.locator(".card").count()).toBe(19);
      expect(await page.locator(".anomaly-row").count()).toBe(3);
      await page.getByRole("button", { name: "Show 2 more" }).click();
      expect(await page.locator(".anomaly-row").count()).toBe(5);
      await page.getByRole("progressbar", { name: "Training omi-1: progress" }).waitFor();
      expect(await nameless(page)).toEqual([]);
      expect(await layoutShift(page)).toBeLessThan(0.02);
    });

    test("the forecast is drawn beyond now and only there; windows are shaded and lead to their page; gaps stay gaps", async () => {
      const target = server.targets[1]!;
      const page = await visit("/?target=omi-1&span=24h");
      const broken = target.series.find((one) => one.values.includes(null))!;
      const chart = card(page, broken.item.name.split("{")[0]! + "{");
      await chart.scrollIntoViewIfNeeded();
      await chart.locator(".uplot").waitFor();
      const asked = new URL(
        server.requests.findLast((line) => line.includes(`name=${broken.item.labels["__name__"]!}%7B`))!.slice(4),
        server.url,
      );
      const [from, to] = [Number(asked.searchParams.get("from")), Number(asked.searchParams.get("to"))];
      const share = (t: number): number => (t - from) / (to - from);
      const now = Date.now();
      expect(to).toBeGreaterThan(now + 3_600_000);

      // Twelve instants on either side: dashes and spikes make single columns miss.
      const count = async (begin: number, end: number, color: Rgb): Promise<number> => {
        let hits = 0;
        for (let step = 1; step < 12; step++)
          if ((await pixelsNear(chart, share(begin + ((end - begin) * step) / 12), color, 3)) > 0) hits++;
        return hits;
      };
      expect(await count(now + 600_000, to, ink.forecast)).toBeGreaterThan(5);
      expect(await count(now + 600_000, to, ink.observed)).toBe(0);
      expect(await count(from, now - 600_000, ink.observed)).toBeGreaterThan(5);
      expect(await count(from, now - 600_000, ink.forecast)).toBe(0);

      const gap = broken.values.indexOf(null);
      const hole = broken.start + gap * broken.step;
      expect(await count(hole + 600_000, hole + 23 * broken.step - 600_000, ink.observed)).toBe(0);

      const window = target.anomalies.at(-1)!;
      const middle = share((window.from + window.to) / 2);
      const before = share(window.from - 3 * broken.step);
      // The edge on top is faint where the series had no part in the window, so its colour is a mix with the surface.
      const contributes = window.contributions.some((part) => part.labels["__name__"] === broken.item.labels["__name__"]);
      const edge: Rgb = contributes ? ink.edge : [0xea, 0xa8, 0xb0];
      expect(await pixelsNear(chart, middle, edge, 1, 24)).toBeGreaterThan(0);
      expect(await pixelsNear(chart, before, edge, 1, 24)).toBe(0);

      const link = chart.locator(".window-link").last();
      const [linkBox, plotBox] = [(await link.boundingBox())!, (await chart.locator(".u-over").boundingBox())!];
      expect(Math.abs(linkBox.x + linkBox.width / 2 - (plotBox.x + middle * plotBox.width))).toBeLessThan(3);
      await link.click();
      await page.waitForURL(`**/anomalies/${window.id}`);
    });

    test("a drag across a window zooms instead of opening it; the way back is one click", async () => {
      const page = await visit("/?target=omi-1&span=24h");
      const over = page.locator(".card .u-over").first();
      await over.waitFor();
      const link = page.locator(".card .window-link").first();
      await link.hover();
      const box = (await link.boundingBox())!;
      await page.mouse.move(box.x + 1, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width - 1, box.y + 40, { steps: 4 });
      await page.mouse.up();
      await page.waitForURL(/from=\d+&to=\d+/);
      expect(page.url()).toContain("/?target=omi-1");
      await page.getByRole("button", { name: "Zoom out" }).click();
      await page.waitForURL((url) => !url.searchParams.has("from"));
    });

    test("is used by keyboard: skip link, search, the points of a chart", async () => {
      const page = await visit("/?target=omi-1");
      await page.locator(".card .u-over").first().waitFor();
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement!.textContent)).toBe("Skip to content");
      await page.getByLabel("Search series").fill("metric_4{");
      expect(await page.locator(".series-count").textContent()).toBe("1 of 19 series");
      const over = card(page, "server_metric_4{").locator(".u-over");
      await over.focus();
      const outline = await over.evaluate((element) => getComputedStyle(element).outlineStyle);
      expect(outline).toBe("solid");
      await page.keyboard.press("End");
      const tooltip = card(page, "server_metric_4{").locator(".tooltip");
      expect(await tooltip.textContent()).toMatch(/forecast.*95 % of cases/);
      for (let back = 0; back < 74; back++) await page.keyboard.press("ArrowLeft");
      expect(await tooltip.textContent()).toMatch(/observed.*expected.*Anomalous window/);
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/anomalies\//);
    });

    test("names of any length stay inside; one series and two hundred windows are shown too", async () => {
      const long = await own({
        alter: (targets) => {
          const target = targets[1]!;
          target.name = `a-very-long-target-name-${"x".repeat(150)}`;
          target.series.splice(1);
          const [first] = target.anomalies;
          target.anomalies = Array.from({ length: 200 }, (_, index) => ({
            ...first!,
            id: `w${index}`,
            target: target.name,
            from: first!.from - index * 900_000,
            to: first!.to - index * 900_000,
          }));
          targets.splice(0, 1);
        },
      });
      const page = await visit("/", { on: long });
      await page.locator(".card").first().scrollIntoViewIfNeeded();
      await page.locator(".card .uplot").first().waitFor();
      expect(await page.locator(".card").count()).toBe(1);
      expect(await page.locator("#anomalies-title").textContent()).toContain("the newest 200");
      await page.getByRole("button", { name: "Show 197 more" }).click();
      expect(await page.locator(".anomaly-row").count()).toBe(200);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await page.setViewportSize(phone);
      await expect.poll(() => overflow(page), patient).toBeLessThanOrEqual(0);
    });
  });

  describe("an anomaly", () => {
    test("says what stood out and leads to the slice of the trace that covers it", async () => {
      const page = await visit("/?target=esbuild");
      await page.locator(".anomaly-link").first().click();
      await page.waitForURL(`**/anomalies/${anomaly().id}`);
      const rows = page.locator(".contributions tbody tr");
      await rows.first().waitFor();
      expect(await rows.count()).toBe(8);
      expect(await rows.first().textContent()).toMatch(/Block · GC mark assist wait for work.*139 ms/);
      await page.locator(".card").first().scrollIntoViewIfNeeded();
      await page.locator(".card .uplot").first().waitFor();
      await page.getByRole("link", { name: "Open the trace slice" }).click();
      await page.waitForURL(`**/traces/${pageTraceId}?from=${anomaly().from}&to=${anomaly().to}`);
      await page.locator(".timeline-canvas").waitFor();
      // The recording begins one second before the window.
      expect(await page.locator(".view-words").textContent()).toBe("1\u202f000 – 3\u202f001 ms · 2 s");
      await page.locator(".timeline-mark").click();
      await page.waitForURL(`**/anomalies/${anomaly().id}`);
    });
  });

  describe("a trace", () => {
    const timelines = (): URL[] =>
      server.requests.filter((line) => line.includes(`/traces/${pageTraceId}/timeline`)).map((line) => new URL(line.slice(4), server.url));

    test("wheel, drag, keys and the address zoom; finer data are asked for just that part; the slice follows", async () => {
      const page = await visit(`/traces/${pageTraceId}?from=500ms&to=1500ms`);
      const canvas = page.locator(".timeline-canvas");
      await canvas.waitFor();
      const words = page.locator(".view-words");
      expect(await words.textContent()).toBe("500 – 1\u202f500 ms · 1 s");
      expect(await page.locator(".facts").textContent()).toMatch(/Events100,372.*Wall clockits own clock/);
      const detail = async (act: () => Promise<unknown>): Promise<[number, number]> => {
        const answered = page.waitForResponse((response) => /\/timeline\?from=(?!0s)/.test(response.url()));
        await act();
        const { searchParams } = new URL((await answered).url());
        return [millis(searchParams.get("from")), millis(searchParams.get("to"))];
      };
      const box = (await canvas.boundingBox())!;
      const gutter = 118;
      const at = (share: number): number => box.x + gutter + share * (box.width - gutter);

      await page.mouse.move(at(0.5), box.y + 120);
      const [from, to] = await detail(() => page.mouse.wheel(0, -300));
      // The first view was asked with three tenths of its length to either side, too.
      const first = timelines().findLast((url) => url.searchParams.get("from") === "200ms")!;
      expect(millis(first.searchParams.get("to"))).toBeCloseTo(1800, -1);
      expect(from).toBeGreaterThan(300);
      expect(to).toBeLessThan(1700);
      expect(Math.abs((from + to) / 2 - 1000)).toBeLessThan(15);

      await page.keyboard.press("0");
      await expect.poll(() => words.textContent(), patient).toMatch(/^0 – 3\u202f00/);
      const dragged = await detail(async () => {
        await page.mouse.move(at(0.2), box.y + 120);
        await page.mouse.down();
        await page.mouse.move(at(0.3), box.y + 120, { steps: 3 });
        await page.mouse.up();
      });
      // A tenth of three seconds, with three tenths of its length to either side for moving.
      expect(dragged[0]).toBeCloseTo(600 - 90, -1.5);
      expect(dragged[1]).toBeCloseTo(900 + 90, -1.5);
      expect(page.url()).toMatch(/\?from=\d+(\.\d+)?ms&to=\d+(\.\d+)?ms$/);
      const href = new URL((await page.getByRole("link", { name: "Download this slice" }).getAttribute("href"))!, server.url);
      expect(href.pathname).toBe(`/api/foretrace/v1/traces/${pageTraceId}/slice`);
      expect(millis(href.searchParams.get("from"))).toBeCloseTo(600, -1.5);

      await canvas.focus();
      const before = await words.textContent();
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => words.textContent(), patient).not.toBe(before);
      await page.keyboard.press("0");
      await expect.poll(() => words.textContent(), patient).toMatch(/^0 – 3\u202f00/);
      expect(timelines().every((url) => Number(url.searchParams.get("width")) <= 4000)).toBe(true);
    });

    test("draws processors, GC, pauses and the runnable counter, and says what lies under the pointer", async () => {
      const page = await visit(`/traces/${pageTraceId}?from=925ms&to=935ms`);
      const canvas = page.locator(".timeline-canvas");
      await canvas.waitFor();
      await expect.poll(() => timelines().at(-1)!.searchParams.get("from"), patient).toBe("922ms");
      const table = page.locator(".legend tbody tr");
      await expect.poll(() => table.count(), patient).toBeGreaterThan(2);
      const drawn = await canvas.evaluate(async (element: HTMLCanvasElement) => {
        await new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame)));
        const ratio = element.width / element.clientWidth;
        const colors = (y: number): number => {
          const { data } = element.getContext("2d")!.getImageData(120 * ratio, y * ratio, element.width - 120 * ratio, 1);
          const seen = new Set<number>();
          for (let at = 0; at < data.length; at += 4) seen.add((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!);
          return seen.size;
        };
        // Rows of the layout: pauses, GC, assists at 50, 71, 92; P0 and P1 at 121 and 154.
        return { stw: colors(60), gc: colors(80), p0: colors(145), p1: colors(178) };
      });
      for (const lane of Object.values(drawn)) expect(lane).toBeGreaterThanOrEqual(2);
      const box = (await canvas.boundingBox())!;
      const tooltip = page.locator(".timeline .tooltip");
      let said = "";
      for (let x = 130; x < box.width && !said.includes("goroutine"); x += 6) {
        await page.mouse.move(box.x + x, box.y + 135);
        said = (await tooltip.isVisible()) ? (await tooltip.textContent())! : "";
      }
      expect(said).toMatch(/on.?P0.*goroutine\d+duration[\d.]+ (ns|µs|ms).*at [\d.\u202f]+ ms · \d\d:\d\d:\d\d/);
    });

    test("a trace that covers no time says so, and asks for no detail", async () => {
      const page = await visit(`/traces/${emptyTraceId}`);
      await page.getByText("This trace covers no time").waitFor();
      await page.getByText("it ends in a batch").first().waitFor();
      // Longer than the view waits before it asks for detail.
      await page.waitForTimeout(600);
      const asked = server.requests.filter((line) => line.includes(`/traces/${emptyTraceId}/timeline`));
      expect(asked).toEqual([expect.stringContaining("width=900")]);
    });

    test("a range outside the trace, and a timeline that cannot be read, are said", async () => {
      const outside = await visit(`/traces/${pageTraceId}?from=60s&to=70s`);
      await outside.getByText("The range in the address lies outside this trace").waitFor();
      // It would still ask for its detail.
      await outside.close();
      server.fail = (path) => (path.endsWith("/timeline") ? 500 : undefined);
      const page = await visit(`/traces/${pageTraceId}`, { expectErrors: /500/ });
      await page.getByText("The store cannot be read (500).").waitFor();
      expect(await page.locator(".facts").textContent()).toContain("Events");
      server.fail = () => undefined;
      await page.getByRole("button", { name: "Try again" }).click();
      await page.locator(".timeline-canvas").waitFor();
    });
  });

  test.each([
    ["/?target=omi-1", ".score-chart .uplot"],
    [`/anomalies/first`, ".contributions"],
    [`/traces/${pageTraceId}`, ".legend table"],
  ])("%s is legible in both themes, on a screen and a phone", async (path, settled) => {
    const real = path.replace("first", anomaly().id);
    const page = await visit(real);
    await page.locator(settled).first().waitFor();
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    expect(await paleWords(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.setViewportSize(phone);
    await expect.poll(() => overflow(page), patient).toBeLessThanOrEqual(0);
    expect(await paleWords(page)).toEqual([]);
    await page.getByRole("button", { name: "Dark theme" }).click();
    expect(await background()).not.toBe(light);
    expect(await paleWords(page)).toEqual([]);
    // The choice holds after a reload.
    await page.reload();
    expect(await background()).not.toBe(light);
  });

  describe("when something is missing", () => {
    test("an empty service says how the first trace gets in", async () => {
      const page = await visit("/", { on: await own({ empty: true }) });
      await page.getByRole("heading", { name: "No traces yet" }).waitFor();
      expect(await page.locator(".command code").last().textContent()).toContain("/api/foretrace/v1/traces?target=my-service");
      expect(await paleWords(page)).toEqual([]);
    });

    test("it says that it loads, what it could not find, and what failed, with a way on", async () => {
      let release = (): void => undefined;
      server.hold = new Promise((done) => (release = done));
      const page = await visit("/?target=omi-1");
      await page.getByText("Loading targets …").waitFor();
      release();
      await page.locator(".card").first().waitFor();

      const missing = await visit("/traces/none", { expectErrors: /404/ });
      await missing.getByText("Nothing is stored under none").waitFor();
      await missing.getByRole("link", { name: "To the targets" }).click();
      await missing.locator(".card").first().waitFor();

      const lost = await visit("/nowhere");
      await lost.getByText("There is no such page").waitFor();

      server.fail = (path) => (path.endsWith("/anomalies") ? 503 : undefined);
      const failing = await visit("/?target=omi-1", { expectErrors: /503/ });
      await failing.getByRole("alert").getByText("The store cannot be read (503).").waitFor();
      server.fail = () => undefined;
      await failing.getByRole("button", { name: "Try again" }).click();
      await failing.locator(".card").first().waitFor();
      expect(await failing.getByRole("alert").count()).toBe(0);
    });

    test("when the service falls silent the page says since when, and keeps what it knew", async () => {
      const mortal = await own({});
      const page = await visit("/?target=omi-1", { on: mortal, expectErrors: /ERR_CONNECTION|Failed to load/ });
      await page.locator(".card .uplot").first().waitFor();
      await mortal.close();
      servers.splice(0);
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await page.getByText(/Foretrace has not answered since \d\d:\d\d:\d\d/).waitFor({ timeout: 20_000 });
      expect(await page.locator(".card").count()).toBe(19);
    });
  });

  test("the target to begin with has open anomalies, else traces to look into, else the newest sample", async () => {
    const closed = await own({
      alter: (targets) => {
        for (const target of targets) target.anomalies = target.anomalies.map((one) => ({ ...one, open: false }));
        // Its samples are older than those of the target without traces.
        for (const series of targets[0]!.series) Object.assign(series, { start: series.start - 3_600_000 });
      },
    });
    const page = await visit("/", { on: closed });
    expect(await page.locator("h1").textContent(patient)).toBe("esbuild");
  });

  test("reports are listed, and a click opens one", async () => {
    const page = await visit("/?target=omi-1");
    const link = page.locator("#reports").getByRole("link", { name: "Report of a day" });
    await link.waitFor();
    expect(await link.getAttribute("href")).toBe("/api/foretrace/v1/reports/r1");
    expect(await link.getAttribute("target")).toBe("_blank");
  });

  describe("with a token", () => {
    test("reports and metrics are fetched with it and saved", async () => {
      const guarded = await own({ token: "sesame" });
      const page = await visit("/?target=omi-1", { on: guarded, expectErrors: /401/ });
      const dialog = page.getByRole("dialog");
      await dialog.locator("input").fill("sesame");
      await dialog.getByRole("button", { name: "Continue" }).click();
      for (const [name, file, holds] of [
        ["Report of a day", "Report-of-a-day.html", "The report"],
        ["Metrics", "foretrace-metrics.txt", "foretrace_up 1"],
      ] as const) {
        const saved = page.waitForEvent("download");
        await page.getByRole("link", { name, exact: true }).click();
        const download = await saved;
        expect(download.suggestedFilename()).toBe(file);
        expect(await readFile(await download.path(), "utf8")).toContain(holds);
      }
      expect(page.context().pages()).toHaveLength(1);
    });

    test("asks once, says when it is wrong, and remembers the right one in the tab", async () => {
      const guarded = await own({ token: "sesame" });
      const page = await visit("/?target=omi-1", { on: guarded, expectErrors: /401/ });
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      expect(await dialog.textContent()).toContain("asks for a token");
      await dialog.getByLabel("Token").fill("wrong");
      await page.keyboard.press("Enter");
      await dialog.getByText("That token was not accepted.").waitFor();
      await dialog.getByLabel("Token").fill("sesame");
      await dialog.getByRole("button", { name: "Continue" }).click();
      await page.locator(".card .uplot").first().waitFor();
      expect(await page.getByRole("dialog").count()).toBe(0);
      await page.reload();
      await page.locator(".card .uplot").first().waitFor();
      expect(await page.evaluate(() => localStorage.length)).toBe(0);
    });

    test("does not ask again by itself when the reader declined", async () => {
      const page = await visit("/", { on: await own({ token: "sesame" }), expectErrors: /401/ });
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("alert").getByText("The bearer token is missing or wrong.").waitFor();
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await page.waitForResponse((response) => response.status() === 401);
      expect(await page.getByRole("dialog").count()).toBe(0);
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByRole("dialog").waitFor();
    });
  });
});
