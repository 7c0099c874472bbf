/** Pictures of a running service's page for the README: `node scripts/screenshots.ts http://127.0.0.1:9464 [/?target=esbuild]`. */
import { join, resolve } from "node:path";
import { launchChromium } from "../tests/helpers/chromium.ts";

const [base, path = "/"] = process.argv.slice(2);
if (base === undefined) throw new Error("usage: node scripts/screenshots.ts URL [PATH]");
const folder = resolve(import.meta.dirname, "..", "docs", "images");
const browser = await launchChromium();
for (const colorScheme of ["light", "dark"] as const) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 960 }, colorScheme });
  // Without scroll bars there is no room to keep for one.
  await page.goto(base + path);
  await page.addStyleTag({ content: "html { scrollbar-gutter: auto }" });
  await page.locator(".card .uplot").first().waitFor();
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: join(folder, `page-${colorScheme}.png`) });
  await page.close();
}
await browser.close();
