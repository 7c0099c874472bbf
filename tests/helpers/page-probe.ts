/** What tests ask of a page in the browser: pixels of a canvas, contrast of its words, layout shifts. */
import type { Locator, Page } from "playwright-core";

export type Rgb = readonly [number, number, number];

/**
 * Light theme: pixels of a chart's plot near `color` in a column of `width` CSS pixels at `share` (0..1) of the plot's width.
 * The chart is uPlot's: a canvas under a transparent `.u-over` of the plot's size.
 */
export function pixelsNear(card: Locator, share: number, color: Rgb, width = 1, tolerance = 40): Promise<number> {
  return card.evaluate(
    (element, { share, color, width, tolerance }) => {
      const canvas = element.querySelector("canvas")!;
      const [plot, whole] = [element.querySelector(".u-over")!.getBoundingClientRect(), canvas.getBoundingClientRect()];
      const ratio = canvas.width / whole.width;
      const x = Math.round((plot.left - whole.left + share * plot.width - width / 2) * ratio);
      const columns = Math.max(1, Math.round(width * ratio));
      const y = Math.round((plot.top - whole.top) * ratio);
      const { data } = canvas.getContext("2d")!.getImageData(x, y, columns, Math.round(plot.height * ratio));
      let found = 0;
      for (let at = 0; at < data.length; at += 4) {
        // The canvas is transparent; in the light theme white lies behind it.
        const alpha = data[at + 3]! / 255;
        if ([0, 1, 2].every((c) => Math.abs(data[at + c]! * alpha + 255 * (1 - alpha) - color[c]!) <= tolerance)) found++;
      }
      return found;
    },
    { share, color, width, tolerance },
  );
}

export type Pale = { readonly text: string; readonly ratio: number; readonly color: string; readonly on: string };

/** Words whose contrast with what lies behind them is below WCAG AA (4.5; 3 for large type). */
export function paleWords(page: Page): Promise<Pale[]> {
  return page.evaluate(() => {
    // The browser itself turns any notation of a colour into channels.
    const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true })!;
    const channels = (color: string): number[] => {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const over = (top: number[], below: number[]): number[] => {
      const alpha = top[3]! / 255;
      return [0, 1, 2].map((c) => top[c]! * alpha + below[c]! * (1 - alpha)).concat(255);
    };
    const behind = (element: Element | null): number[] => {
      if (element === null) return channels("Canvas");
      const own = channels(getComputedStyle(element).backgroundColor);
      return own[3] === 255 ? own : over(own, behind(element.parentElement));
    };
    const luminance = (color: number[]): number => {
      const [r, g, b] = color.slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const found: Pale[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement!;
      const text = node.textContent!.trim();
      if (text === "" || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".visually-hidden, noscript, script"))
        continue;
      const style = getComputedStyle(element);
      const back = behind(element);
      const color = over(channels(style.color), back);
      const [low, high] = [luminance(color), luminance(back)].sort((a, b) => a - b) as [number, number];
      const ratio = (high + 0.05) / (low + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) found.push({ text: text.slice(0, 40), ratio, color: String(color), on: String(back) });
    }
    return found;
  });
}

/** Collects layout shifts from now on (before the page is opened); read by {@link layoutShift}. */
export async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const state = globalThis as unknown as { shifts: number };
    state.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[])
        if (!entry.hadRecentInput) state.shifts += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
}
export const layoutShift = (page: Page): Promise<number> => page.evaluate(() => (globalThis as unknown as { shifts: number }).shifts);

/** Everything on the page that the keyboard reaches has a name. Gives what has none, as markup. */
export function nameless(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("a[href], button, input, summary, [tabindex='0'], [role=img]")]
      .filter((one) => one.checkVisibility() && one.getAttribute("aria-hidden") !== "true")
      .filter((one) => {
        const label = one.getAttribute("aria-label") ?? one.getAttribute("title") ?? one.textContent!.trim();
        return label === "" && (one as HTMLInputElement).labels?.length !== 1;
      })
      .map((one) => one.outerHTML.slice(0, 120)),
  );
}
