/** The strip under the header: what Foretrace works on now, how far it is, and what went wrong in the last hour. */
import type { Items, Job } from "../api-types.ts";
import { getJson, apiUrl, request } from "../api.ts";
import { h, icon, renderKeyed } from "../dom.ts";
import { formatShare } from "../format.ts";

const verbs: Readonly<Record<string, string>> = {
  ingest: "Reading",
  extract: "Extracting",
  train: "Training",
  score: "Scoring",
  forecast: "Forecasting",
  report: "Reporting",
};

/** Text for one job: `Training checkout`. */
export function jobTitle(job: Pick<Job, "name" | "input">): string {
  const about = job.input["target"] ?? job.input["trace"];
  return `${verbs[job.name] ?? job.name}${typeof about === "string" ? ` ${about.length > 24 ? about.slice(0, 10) : about}` : ""}`;
}

/** Fills `host` and keeps it fresh: every 15 s, every 2 s while something runs. Returns how to stop. */
export function jobsStrip(host: HTMLElement): () => void {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tick = async (): Promise<void> => {
    let busy = false;
    try {
      if (!document.hidden) {
        const { items } = await getJson<Items<Job>>("jobs", { limit: 50 }, abort.signal);
        const running = items.filter((job) => job.state === "active");
        const waiting = items.filter((job) => job.state === "waiting").length;
        const broken = items.filter((job) => job.state === "failed" && (job.finishedAt ?? 0) > Date.now() - 3_600_000);
        busy = running.length + waiting > 0;
        const key = JSON.stringify([running.map((job) => [job.id, Math.round(job.progress * 100)]), waiting, broken.map((job) => job.id)]);
        renderKeyed(host, key, () => strip(running, waiting, broken));
        host.hidden = !busy && broken.length === 0;
      }
    } catch {
      host.hidden = true;
    }
    if (!abort.signal.aborted) timer = setTimeout(() => void tick(), busy ? 2000 : 15_000);
  };
  void tick();
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}

function strip(running: readonly Job[], waiting: number, broken: readonly Job[]): HTMLElement[] {
  const parts = running.map((job) =>
    h(
      "div",
      { class: "job" },
      h("span", {}, jobTitle(job)),
      h("progress", { max: 1, value: job.progress, "aria-label": `${jobTitle(job)}: progress` }),
      h("span", { class: "muted number" }, formatShare(job.progress)),
      h(
        "button",
        {
          class: "button icon-button small",
          type: "button",
          title: "Cancel",
          "aria-label": `Cancel: ${jobTitle(job)}`,
          onclick: () => void cancel(job.id),
        },
        icon("close"),
      ),
    ),
  );
  if (waiting > 0) parts.push(h("div", { class: "job muted" }, `${waiting} waiting`));
  if (broken.length > 0) {
    const list = broken.slice(0, 8).map((job) => h("li", {}, h("b", {}, jobTitle(job)), `: ${job.error ?? "no reason given"}`));
    parts.push(
      h(
        "details",
        { class: "job broken" },
        h("summary", {}, icon("alert"), `${broken.length} failed in the last hour`),
        h("ul", {}, list),
      ) as never,
    );
  }
  return parts;
}

const cancel = (id: string): Promise<unknown> =>
  request(apiUrl(`jobs/${encodeURIComponent(id)}`), { method: "DELETE" }).catch(() => undefined);
