/** The strip at the foot of the window: what Foretrace works on now, what went wrong in the last hour, and whether it answers at all. */
import type { Items, Job } from "../api-types.ts";
import { ApiFailure, apiUrl, getJson, isAbort, request } from "../api.ts";
import { h, icon, renderKeyed } from "../dom.ts";
import { formatClock, formatShare } from "../format.ts";

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
  return `${verbs[job.name] ?? job.name}${typeof about === "string" ? ` ${about.length > 24 ? `${about.slice(0, 10)}…` : about}` : ""}`;
}

/** Fills `host` and keeps it fresh: every 15 s, every 2 s while something runs or nothing answers. Returns how to stop. */
export function jobsStrip(host: HTMLElement): () => void {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let silentSince: number | undefined;
  const look = async (): Promise<boolean> => {
    try {
      const { items } = await getJson<Items<Job>>("jobs", { limit: 50 }, abort.signal);
      silentSince = undefined;
      return showJobs(host, items);
    } catch (error) {
      if (isAbort(error)) return false;
      const unreachable = error instanceof ApiFailure && (error.status === 0 || error.status >= 500);
      silentSince = unreachable ? (silentSince ?? Date.now()) : undefined;
      host.hidden = silentSince === undefined;
      if (silentSince !== undefined) renderKeyed(host, `silent ${silentSince}`, () => [silence(silentSince!)]);
      return unreachable;
    }
  };
  const tick = async (): Promise<void> => {
    const soon = document.hidden ? false : await look();
    if (!abort.signal.aborted) timer = setTimeout(() => void tick(), soon ? 2000 : 15_000);
  };
  void tick();
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}

/** Draws the strip; true while something runs or waits. */
function showJobs(host: HTMLElement, items: readonly Job[]): boolean {
  const running = items.filter((job) => job.state === "active");
  const waiting = items.filter((job) => job.state === "waiting").length;
  const broken = items.filter((job) => job.state === "failed" && (job.finishedAt ?? 0) > Date.now() - 3_600_000);
  const busy = running.length + waiting > 0;
  const key = JSON.stringify([running.map((job) => [job.id, Math.round(job.progress * 100)]), waiting, broken.map((job) => job.id)]);
  const wasOpen = host.querySelector("details")?.open === true;
  renderKeyed(host, key, () => strip(running, waiting, broken, wasOpen));
  host.hidden = !busy && broken.length === 0;
  return busy;
}

const silence = (since: number): HTMLElement =>
  h(
    "div",
    { class: "job broken", role: "alert" },
    icon("alert"),
    `Foretrace has not answered since ${formatClock(since)}. The page shows what it knew then.`,
  );

function strip(running: readonly Job[], waiting: number, broken: readonly Job[], open: boolean): HTMLElement[] {
  const parts: HTMLElement[] = running.slice(0, 4).map((job) =>
    h(
      "div",
      { class: "job" },
      h("span", {}, jobTitle(job)),
      h("progress", { max: 1, value: job.progress, "aria-label": `${jobTitle(job)}: progress` }),
      h("span", { class: "muted number job-share" }, formatShare(job.progress)),
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
  const more = [running.length > 4 ? `${running.length - 4} more running` : "", waiting > 0 ? `${waiting} waiting` : ""];
  if (more.some((text) => text !== "")) parts.push(h("div", { class: "job muted" }, more.filter((text) => text !== "").join(", ")));
  if (broken.length > 0) {
    const list = broken.slice(0, 8).map((job) => h("li", {}, h("b", {}, jobTitle(job)), `: ${job.error ?? "no reason given"}`));
    parts.push(
      h(
        "details",
        { class: "job broken", open },
        h("summary", {}, icon("alert"), `${broken.length} failed in the last hour`),
        h("ul", {}, list),
      ),
    );
  }
  return parts;
}

const cancel = (id: string): Promise<unknown> =>
  request(apiUrl(`jobs/${encodeURIComponent(id)}`), { method: "DELETE" }).catch(() => undefined);
