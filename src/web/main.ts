/** The page: header, one of three pages by address, links without reload, fresh data every 15 s. */
import { h } from "./dom.ts";
import { anomalyPage } from "./pages/anomaly.ts";
import { homePage } from "./pages/home.ts";
import type { Page, Shell } from "./pages/page.ts";
import { tracePage } from "./pages/trace.ts";
import { jobsStrip } from "./parts/jobs.ts";
import { carryToken } from "./parts/save.ts";
import { nothing } from "./parts/states.ts";
import { themeButton } from "./parts/theme-button.ts";
import { parseRoute, type Route } from "./url.ts";

const every = 15_000;
const root = document.querySelector<HTMLElement>("#page")!;
let page: Page | undefined;
let route: Route | undefined;

const shell: Shell = {
  setTitle: (title) => (document.title = title),
  go(href) {
    history.pushState(null, "", href);
    open(false);
  },
};

/** Shows the page of the address; keeps the present one when it can follow (another range of the same thing). */
function open(follow: boolean): void {
  const next = parseRoute(location.pathname, location.search);
  const same = route !== undefined && next.page === route.page && ("id" in next ? next.id : "") === ("id" in route ? route.id : "");
  if (follow && same && "params" in next && page?.follow?.(next.params) === true) return;
  page?.dispose();
  page = undefined;
  route = next;
  if (next.page === "home") page = homePage(root, next.params, shell);
  else if (next.page === "anomaly") page = anomalyPage(root, next.id, shell);
  else if (next.page === "trace") page = tracePage(root, next.id, next.params, shell);
  else root.replaceChildren(nothing("There is no such page", next.path), h("a", { class: "button", href: "/" }, "To the targets"));
  if (!follow) scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest("a");
  if (link === null || link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (parseRoute(link.pathname, link.search).page === "lost" || link.hash !== "") return;
  event.preventDefault();
  shell.go(link.pathname + link.search);
});
addEventListener("popstate", () => open(true));
setInterval(() => {
  if (!document.hidden) page?.refresh?.();
}, every);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) page?.refresh?.();
});

document.querySelector("#theme")!.replaceChildren(themeButton());
const metrics = document.querySelector<HTMLAnchorElement>("#metrics")!;
carryToken(metrics, "foretrace-metrics.txt", (reason) => {
  metrics.textContent = "Metrics (not read)";
  metrics.title = reason;
});
jobsStrip(document.querySelector<HTMLElement>("#jobs")!);
open(false);
