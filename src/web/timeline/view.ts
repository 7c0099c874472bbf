/** Arithmetic of a view over a trace: zoom, pan, ticks. Pure; times in trace nanoseconds. */
export type View = { readonly from: number; readonly to: number };

/** Nothing in a trace is finer than this. */
export const shortestView = 200;

/** The view inside the bounds with its length kept where possible, never shorter than {@link shortestView}. */
export function clampView(view: View, bounds: View): View {
  const whole = Math.max(bounds.to - bounds.from, 1);
  const length = Math.min(Math.max(view.to - view.from, Math.min(shortestView, whole)), whole);
  const middle = (view.from + view.to) / 2;
  const from = Math.min(Math.max(middle - length / 2, bounds.from), bounds.to - length);
  return { from: Math.round(from), to: Math.round(from + length) };
}

/** Zoom by `factor` (< 1 = closer) so that the instant `at` stays under the pointer. */
export function zoomView(view: View, factor: number, at: number, bounds: View): View {
  const length = (view.to - view.from) * factor;
  const share = (at - view.from) / (view.to - view.from || 1);
  if (length >= bounds.to - bounds.from) return { from: bounds.from, to: bounds.to };
  const closest = Math.max(length, shortestView);
  const from = at - share * closest;
  return clampView({ from, to: from + closest }, bounds);
}

/** Moves by a share of the visible length (positive = later). */
export function panView(view: View, share: number, bounds: View): View {
  const move = (view.to - view.from) * share;
  return clampView({ from: view.from + move, to: view.to + move }, bounds);
}

/** Step 1, 2 or 5 × 10^k so that at most `most` ticks lie in the range; ticks are multiples of the step. */
export function niceTicks(from: number, to: number, most: number): { readonly step: number; readonly ticks: number[] } {
  const rough = Math.max((to - from) / Math.max(most, 1), 1e-12);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999_999)!;
  const ticks: number[] = [];
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + step * 1e-9; index++) ticks.push(index * step);
  return { step, ticks };
}

/** Milliseconds since the start of the trace with as many digits as the step between ticks needs: `1 234.56`. */
export function formatOffset(nanos: number, step: number): string {
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step / 1e6) - 1e-9)));
  const [whole = "0", fraction] = (nanos / 1e6).toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

const pad = (value: number): string => String(value).padStart(2, "0");

/** Wall clock `14:05:09.123` in the reader's zone, with digits down to the step. */
export function formatWall(epochMillis: number, step: number): string {
  const digits = Math.min(6, Math.max(0, Math.ceil(9 - Math.log10(step) - 1e-9)));
  const date = new Date(Math.floor(epochMillis));
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  if (digits === 0) return clock;
  const inSecond = (epochMillis % 1000) / 1000;
  return `${clock}.${Math.min(inSecond, 0.999_999)
    .toFixed(6)
    .slice(2, 2 + Math.min(digits, 6))}`;
}
