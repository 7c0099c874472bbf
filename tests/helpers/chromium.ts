/** The browser for page tests: Debian's chromium, or the one CHROMIUM names. Undefined when there is none. */
import { chromium, type Browser } from "playwright-core";
import { findService } from "./find-service.ts";

export const chromiumPath: string | undefined = process.env["CHROMIUM"] ?? findService("chromium");

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
