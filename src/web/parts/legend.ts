/** What the lines and shades of the charts mean, once for all charts of a page. */
import { h } from "../dom.ts";

const entries = [
  ["observed", "observed"],
  ["expected", "expected, as said then"],
  ["past-band", "its 95 % band"],
  ["median", "forecast"],
  ["bands", "80 % and 95 % band"],
  ["window", "anomalous window"],
] as const;

export const chartLegend = (): HTMLElement =>
  h(
    "ul",
    { class: "chart-legend", "aria-label": "Legend of the charts" },
    entries.map(([kind, words]) => h("li", {}, h("span", { class: `key key-${kind}`, "aria-hidden": "true" }), words)),
  );
