/** Groups series by metric name prefix, gives them titles for people, and searches them. */
import type { Anomaly, LabelSet, SeriesItem } from "./api-types.ts";

export type SeriesGroup = { readonly id: string; readonly title: string; readonly about: string; readonly series: SeriesItem[] };

/** First match wins; the order is the order on the page. */
const rules: readonly { id: string; title: string; about: string; match: RegExp }[] = [
  {
    id: "scheduler",
    title: "Scheduler",
    about: "Who runs, who waits for a processor, and how long",
    match:
      /^go_trace_(sched_|goroutine|proc|gomaxprocs|runnable|queue|idle|starts|stolen|migrations|run_|long_|preempt|suspen|yields|corout|threads)/,
  },
  {
    id: "gc",
    title: "Garbage collection",
    about: "Cycles, pauses and the help goroutines had to give",
    match: /^go_trace_(gc_|stw_|other_pause|mutator)/,
  },
  { id: "blocking", title: "Blocking", about: "What goroutines waited for", match: /^go_trace_(block|unblock|lock|wait|network|timer)/ },
  {
    id: "syscalls",
    title: "System calls",
    about: "Calls into the kernel and those that lost their processor",
    match: /^go_trace_syscall/,
  },
  { id: "heap", title: "Heap", about: "Live bytes and the goal of the collector", match: /^go_trace_(heap|alloc)/ },
  { id: "tasks", title: "Tasks and regions", about: "What the program annotated itself", match: /^go_trace_(task|region|log)/ },
  { id: "trace", title: "Trace", about: "Other series of execution traces", match: /^go_trace_/ },
  { id: "goruntime", title: "Go runtime metrics", about: "Scraped from the service", match: /^go_/ },
  { id: "process", title: "Process", about: "CPU, memory and files of the process", match: /^process_/ },
  { id: "foretrace", title: "Foretrace", about: "What Foretrace itself says about the target", match: /^foretrace_/ },
];

/** One text for a label set, `target` aside (contributions may leave it out); equal for equal series. */
export const seriesId = (labels: LabelSet): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([key]) => key !== "target")
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** The series with the largest parts (5 % or more, or among the first two) in the windows: open windows first, then the newest. At most `most`. */
export function standingOut(series: readonly SeriesItem[], anomalies: readonly Anomaly[], most = 4): SeriesItem[] {
  const byId = new Map(series.map((item) => [seriesId(item.labels), item]));
  const found = new Set<SeriesItem>();
  const ordered = [...anomalies].sort((a, b) => Number(b.open) - Number(a.open) || b.from - a.from);
  for (const anomaly of ordered) {
    for (const part of [...anomaly.contributions].sort((a, b) => b.share - a.share)) {
      const item = byId.get(seriesId(part.labels));
      if (item !== undefined && (part.share >= 0.05 || found.size < 2)) found.add(item);
      if (found.size === most) return [...found];
    }
  }
  return [...found];
}

export const metricName = (labels: LabelSet): string => labels["__name__"] ?? "";

/** Groups in page order, each sorted by title; unknown prefixes make a group of their own by their first word. */
export function groupSeries(series: readonly SeriesItem[]): SeriesGroup[] {
  const groups = new Map<string, SeriesGroup>();
  const place = new Map<string, number>();
  for (const item of series) {
    const name = metricName(item.labels);
    const found = rules.findIndex((rule) => rule.match.test(name));
    const word = /^[a-zA-Z]+/.exec(name)?.[0] ?? "other";
    const rule = found >= 0 ? rules[found]! : { id: `x-${word}`, title: capital(word), about: `Metrics that begin with ${word}` };
    let group = groups.get(rule.id);
    if (group === undefined) {
      group = { id: rule.id, title: rule.title, about: rule.about, series: [] };
      groups.set(rule.id, group);
      place.set(rule.id, found >= 0 ? found : rules.length);
    }
    group.series.push(item);
  }
  const sorted = [...groups.values()].sort((a, b) => place.get(a.id)! - place.get(b.id)! || a.title.localeCompare(b.title));
  for (const group of sorted)
    group.series.sort((a, b) => seriesTitle(a.labels).localeCompare(seriesTitle(b.labels), "en", { numeric: true }));
  return sorted;
}

/**
 * A title for people: prefix and unit words fall away, a quantile becomes p99, other labels follow.
 * `go_trace_sched_latency_seconds{quantile="0.99"}` → `Sched latency · p99`.
 */
export function seriesTitle(labels: LabelSet): string {
  const words = metricName(labels)
    .replace(/^(go_trace|foretrace)_/, "")
    .replace(/_(seconds|bytes|ratio|total)(?=_|$)/g, "")
    .replaceAll("_", " ")
    .trim();
  const parts = [capital(words.replace(/\b(gc|stw|cpu|http|io|fds)\b/g, (word) => word.toUpperCase()))];
  for (const key of Object.keys(labels).sort()) {
    if (key === "__name__" || key === "target" || key === "instance" || key === "job") continue;
    const value = labels[key]!;
    if (key === "quantile") parts.push(value === "1" ? "max" : `p${Number((Number(value) * 100).toFixed(2))}`);
    else parts.push(value === "" ? `no ${key}` : value);
  }
  return parts.filter((part) => part !== "").join(" · ");
}

/** Every word of the query must occur in the name or title. */
export function matchesQuery(item: SeriesItem, query: string): boolean {
  const text = `${item.name} ${seriesTitle(item.labels)}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
