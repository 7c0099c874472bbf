/** What a terminal gets that a pipe does not: colours and a progress bar (both on standard error or a terminal only). */
import { formatBytes } from "../lib/units.ts";

/** NO_COLOR and FORCE_COLOR as on https://no-color.org. */
export function wantsColor(stream: { isTTY?: boolean }): boolean {
  if (process.env["NO_COLOR"] !== undefined && process.env["NO_COLOR"] !== "") return false;
  if (process.env["FORCE_COLOR"] !== undefined && process.env["FORCE_COLOR"] !== "0") return true;
  return stream.isTTY === true;
}

export type ProgressBar = { update(done: number): void; end(): void };

/** Bytes read so far, of `total` when it is known. Draws only on a terminal, from the first half second on, ten times a second at most. */
export function progressBar(label: string, total: number | undefined): ProgressBar {
  const stream = process.stderr;
  if (!stream.isTTY) return { update: () => {}, end: () => {} };
  const started = Date.now();
  let drawn = 0;
  return {
    update(done) {
      const now = Date.now();
      if (now - started < 500 || now - drawn < 100) return;
      drawn = now;
      const rate = (done / Math.max(1, now - started)) * 1000;
      const share = total === undefined || total === 0 ? undefined : Math.min(1, done / total);
      const width = 24;
      const bar = share === undefined ? "" : `[${"█".repeat(Math.round(share * width)).padEnd(width, "·")}] ${Math.round(share * 100)} % `;
      stream.write(`\r\u001b[K${label} ${bar}${formatBytes(done)} (${formatBytes(rate)}/s)`);
    },
    end() {
      if (drawn > 0) stream.write("\r\u001b[K");
    },
  };
}

/** One line that is written over; nothing where standard error is no terminal. */
export function statusLine(): { show(text: string): void; clear(): void } {
  const stream = process.stderr;
  const clear = (): void => void (stream.isTTY && stream.write("\r\u001b[K"));
  return {
    show(text) {
      if (stream.isTTY) stream.write(`\r\u001b[K  ${text.slice(0, Math.max(20, (stream.columns ?? 80) - 3))}`);
    },
    clear,
  };
}
