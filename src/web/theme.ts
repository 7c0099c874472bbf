/** Dark and light: what the system prefers, unless the reader chose. The colours of canvases live here, those of markup in CSS. */
const key = "foretrace.theme";
const query = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export const isDark = (): boolean => {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined ? query.matches : chosen === "dark";
};

/** Runs after each change of theme; returns how to stop. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
const tell = (): void => listeners.forEach((listener) => listener());
query.addEventListener("change", tell);

/** Applies the stored choice; called before the first paint. */
export function restoreTheme(): void {
  const chosen = localStorage.getItem(key);
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset["theme"] = chosen;
}

export function toggleTheme(): void {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  localStorage.setItem(key, next);
  tell();
}

export type Palette = { readonly [K in keyof typeof light]: string };

const light = {
  text: "#1a202b",
  muted: "#5a6577",
  grid: "#e9ecf1",
  axis: "#c9d0da",
  surface: "#ffffff",
  observed: "#1d5fd1",
  expected: "#5a6577",
  pastBand: "rgba(90, 110, 140, 0.17)",
  forecast: "#7a35d8",
  band95: "rgba(122, 53, 216, 0.13)",
  band80: "rgba(122, 53, 216, 0.17)",
  anomaly: "rgba(214, 40, 57, 0.13)",
  anomalyFaint: "rgba(214, 40, 57, 0.055)",
  anomalyEdge: "#c81e33",
  now: "#1a202b",
  future: "rgba(122, 53, 216, 0.045)",
  brush: "rgba(29, 95, 209, 0.10)",
  stw: "#c81e33",
  gc: "#d18700",
  assist: "#b5541c",
  counter: "#1d5fd1",
  counterFill: "rgba(29, 95, 209, 0.14)",
  laneBack: "#f3f5f8",
  several: "#8b95a5",
};
const dark: Palette = {
  text: "#e7ebf2",
  muted: "#9aa6b8",
  grid: "#222935",
  axis: "#3a4454",
  surface: "#151a22",
  observed: "#6aa9ff",
  expected: "#a8b3c4",
  pastBand: "rgba(150, 170, 200, 0.16)",
  forecast: "#c39bff",
  band95: "rgba(180, 130, 255, 0.15)",
  band80: "rgba(180, 130, 255, 0.20)",
  anomaly: "rgba(255, 92, 104, 0.20)",
  anomalyFaint: "rgba(255, 92, 104, 0.08)",
  anomalyEdge: "#ff6b78",
  now: "#e7ebf2",
  future: "rgba(180, 130, 255, 0.06)",
  brush: "rgba(106, 169, 255, 0.14)",
  stw: "#ff6b78",
  gc: "#e3a93b",
  assist: "#e28753",
  counter: "#6aa9ff",
  counterFill: "rgba(106, 169, 255, 0.17)",
  laneBack: "#1b212b",
  several: "#6d788a",
};

export const palette = (): Palette => (isDark() ? dark : light);

/** Fonts of canvases; the same stack as the style sheet. */
export const canvasFont = (size: number, weight = ""): string =>
  `${weight} ${size}px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif`.trim();
