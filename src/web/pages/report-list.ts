/** The newest reports; they cover every target. */
import { apiUrl } from "../api.ts";
import type { ReportItem } from "../api-types.ts";
import { h, renderKeyed } from "../dom.ts";
import { formatAge } from "../format.ts";
import { carryToken } from "../parts/save.ts";

const shown = 5;

export type ReportList = { readonly element: HTMLElement; update(reports: readonly ReportItem[]): void };

export function reportList(): ReportList {
  const rows = h("ul", { class: "trace-rows" });
  const note = h("p", { class: "view-note", role: "status", hidden: true });
  const element = h(
    "section",
    { class: "panel", id: "reports", "aria-labelledby": "reports-title", hidden: true },
    h("h2", { id: "reports-title" }, "Reports", h("small", {}, "of all targets")),
    note,
    rows,
  );
  return {
    element,
    update(reports) {
      element.hidden = reports.length === 0;
      const newest = reports.slice(0, shown);
      renderKeyed(rows, JSON.stringify(newest), () =>
        newest.map((report) => {
          const link = h(
            "a",
            { href: apiUrl(`reports/${encodeURIComponent(report.id)}`), target: "_blank", rel: "noopener" },
            report.title,
          );
          carryToken(link, `${report.title.replaceAll(/[^\w.-]+/g, "-")}.html`, (reason) => {
            note.textContent = `The report was not downloaded: ${reason}`;
            note.hidden = false;
          });
          const made = h("span", { class: "muted" }, `made ${formatAge(report.createdAt, Date.now())}`);
          return h("li", { class: "trace-row" }, link, made);
        }),
      );
    },
  };
}
