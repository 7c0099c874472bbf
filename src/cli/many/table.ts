/** The forms of the table over many traces: text for people, CSV and JSON for programs. */
import { severities, severityRank } from "../../features/findings/finding.ts";
import { formatDuration, formatNumber } from "../../lib/units.ts";
import { fitEnd, styleOf } from "../analyze/layout.ts";
import type { Skipped } from "./find.ts";
import type { RowFinding, TraceRow } from "./row.ts";

export const tableFormats = ["text", "csv", "json"] as const;
export type TableFormat = (typeof tableFormats)[number];

/** Rows come in their order; `head` and `foot` once each. */
export type Table = { head(): string; row(row: TraceRow): string; foot(skipped: Skipped): string };

export type TableOptions = { readonly names: readonly string[]; readonly width: number; readonly color: boolean };

export function createTable(format: TableFormat, options: TableOptions): Table {
  if (format === "text") return new TextTable(options);
  if (format === "csv") {
    return { head: () => `${csvColumns.join(",")}\n`, row: (row) => `${csvCells(row).map(csvField).join(",")}\n`, foot: () => "" };
  }
  return { head: () => "", row: (row) => `${JSON.stringify({ schema: 1, ...row })}\n`, foot: () => "" };
}

const plain = [
  "partial",
  "version",
  "recorded",
  "seconds",
  "generations",
  "events",
  "goroutines",
  "goroutines_created",
  "goroutines_at_end",
  "gomaxprocs",
  "busy_share",
  "gc_share",
  "gc_cycles",
  "heap_most_bytes",
  "stopped_seconds",
  "stopped_longest_seconds",
  "runnable_mean",
  "sched_latency_p50_seconds",
  "sched_latency_p99_seconds",
  "sched_latency_longest_seconds",
  "syscalls",
] as const satisfies readonly (keyof TraceRow)[];

const worstFirst = severities.toReversed();

/** They do not move; new ones come at the end. */
const csvColumns: readonly string[] = [
  "file",
  "error",
  "error_offset",
  ...plain,
  ...worstFirst.map((severity) => `findings_${severity}`),
  "worst_finding",
  "worst_severity",
  "worst_cost_seconds",
];

type Cell = string | number | boolean | null;

function csvCells(row: TraceRow): Cell[] {
  const [worst] = row.findings;
  return [
    row.file,
    row.error?.code ?? null,
    row.error?.offset ?? null,
    ...plain.map((name) => row[name]),
    ...worstFirst.map((severity) => countOf(row, severity)),
    worst?.id ?? null,
    worst?.severity ?? null,
    worst?.cost_seconds ?? null,
  ];
}

const countOf = (row: TraceRow, severity: string): number => row.findings.filter((finding) => finding.severity === severity).length;

function csvField(value: Cell): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const marks: Record<string, string> = { critical: "!!", warning: "!", info: "·" };
const columns = [
  ["Length", 11],
  ["Events", 11],
  ["Goroutines", 10],
  ["Busy", 6],
  ["GC", 6],
  ["p99 latency", 11],
] as const;
const shownInRow = 2;
const shownInFoot = 12;

class TextTable implements Table {
  readonly #nameWidth: number;
  readonly #style: ReturnType<typeof styleOf>;
  readonly #kinds = new Map<string, { traces: number; cost: number; severity: string }>();
  #traces = 0;
  #broken = 0;
  #seconds = 0;
  #events = 0;

  constructor(options: TableOptions) {
    this.#style = styleOf(options.color);
    const longest = options.names.reduce((most, name) => Math.max(most, name.length), "Trace".length);
    this.#nameWidth = Math.min(longest, Math.max(24, options.width - 100));
  }

  head(): string {
    return `${this.#style.dim(
      this.#line(
        "Trace",
        columns.map(([title]) => title),
        "Worst findings",
      ),
    )}\n`;
  }

  row(row: TraceRow): string {
    this.#traces++;
    this.#seconds += row.seconds ?? 0;
    this.#events += row.events ?? 0;
    if (row.error !== null) this.#broken++;
    for (const finding of row.findings) this.#count(finding);
    const cells = [
      row.seconds === null ? "–" : formatDuration(row.seconds * 1e9),
      known(row.events),
      known(row.goroutines),
      share(row.busy_share),
      share(row.gc_share),
      row.sched_latency_p99_seconds === null ? "–" : formatDuration(row.sched_latency_p99_seconds * 1e9),
    ];
    const found = row.findings.filter(({ severity }) => severity !== "info");
    const shown = found.slice(0, shownInRow).map(({ id, severity }) => `${marks[severity]} ${id}`);
    if (found.length > shownInRow) shown.push(`${found.length - shownInRow} more`);
    const error = row.error === null ? [] : [`${row.error.code}: ${row.error.message}`];
    const line = this.#line(fitEnd(row.file, this.#nameWidth), cells, [...error, ...shown].join(", "));
    return `${row.error === null ? line : this.#style.warn(line)}\n`;
  }

  foot({ links, others, unreadable }: Skipped): string {
    const passed = [
      others > 0 ? `${count(others, "file")} that ${others === 1 ? "is no trace" : "are no traces"}` : "",
      links > 0 ? count(links, "link") : "",
      unreadable.length > 0 ? `${formatNumber(unreadable.length)} that may not be read` : "",
    ].filter((text) => text !== "");
    const broken = this.#broken === 0 ? "" : `, ${formatNumber(this.#broken)} with an error`;
    const lines = [
      "",
      `${count(this.#traces, "trace")}${broken}; ${formatDuration(this.#seconds * 1e9)} and ${formatNumber(this.#events)} events in all${passed.length === 0 ? "" : `; passed over: ${passed.join(", ")}`}`,
    ];
    const kinds = [...this.#kinds]
      .filter(([, { severity }]) => severity !== "info")
      .toSorted(([one, a], [two, b]) => b.traces - a.traces || b.cost - a.cost || (one < two ? -1 : 1));
    if (kinds.length > 0) lines.push(this.#style.bold("Found in most traces"));
    for (const [id, { traces, cost, severity }] of kinds.slice(0, shownInFoot)) {
      lines.push(`  ${marks[severity]!.padEnd(2)} ${id}: in ${count(traces, "trace")}, costs ${formatDuration(cost * 1e9)} in all`);
    }
    if (kinds.length > shownInFoot) lines.push(`  and ${formatNumber(kinds.length - shownInFoot)} more`);
    return `${lines.join("\n")}\n`;
  }

  #count({ id, severity, cost_seconds }: RowFinding): void {
    const known = this.#kinds.get(id) ?? { traces: 0, cost: 0, severity: "info" };
    known.traces++;
    known.cost += cost_seconds;
    if (severityRank(severity) > severityRank(known.severity)) known.severity = severity;
    this.#kinds.set(id, known);
  }

  #line(name: string, cells: readonly string[], last: string): string {
    const middle = cells.map((cell, i) => cell.padStart(columns[i]![1]));
    return [name.padEnd(this.#nameWidth), ...middle, last].join("  ").trimEnd();
  }
}

const known = (value: number | null): string => (value === null ? "–" : formatNumber(value));
const share = (value: number | null): string => (value === null ? "–" : `${formatNumber(Math.round(value * 1000) / 10)} %`);
const count = (value: number, one: string): string => `${formatNumber(value)} ${one}${value === 1 ? "" : "s"}`;
