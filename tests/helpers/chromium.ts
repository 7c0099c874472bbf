/** The browser for page tests: Debian's chromium, or the one CHROMIUM names. Undefined when there is none. */
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const known = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
export const chromiumPath: string | undefined = known.find((path) => path !== undefined && existsSync(path));

/** A headless browser with a profile of its own that asks nothing of the network. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath!,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
