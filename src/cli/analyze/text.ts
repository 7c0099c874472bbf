/** Text for a developer: what the program did, the numbers that matter, what looks wrong, where to look next. */
import { shortFunction } from "../../features/goroutine-names.ts";
import { createSummary, type FunctionSummary, type Summary } from "../../features/summary.ts";
import { formatDuration, formatNumber } from "../../lib/units.ts";
import type { TraceOutcome } from "../../trace/model.ts";
import type { Answer, AnswerOptions } from "./answer.ts";
import { salvagedText } from "../break-text.ts";
import { fitEnd, styleOf, table, wrap, type Style } from "./layout.ts";
import { count, mergePlaces, moment, numberRows } from "./words.ts";

export function textAnswer(options: AnswerOptions): Answer {
  const { windowNanos, from, to, write, color, width } = options;
  const summary = createSummary({ windowNanos, from, to });
  return {
    visitor: summary,
    finish: (outcome) =>
      write(formatSummary(summary.finish(), outcome, { input: options.input, style: styleOf(color), width: clampWidth(width) })),
  };
}

type Page = { readonly input: string; readonly style: Style; readonly width: number };

const clampWidth = (width: number): number => Math.min(120, Math.max(60, width));

export function formatSummary(summary: Summary, outcome: TraceOutcome, page: Page): string {
  const { style, input } = page;
  if (summary.version === null) return `${input === "-" ? "standard input" : input}: nothing could be read\n`;
  const section = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? "" : `\n${style.bold(title)}\n${lines.join("\n")}\n`;
  const head = `${headline(summary, outcome, page)}\n`;
  if (summary.range.nanos === 0) return `${head}\nToo short to say anything about.\n`;
  return (
    head +
    section("What it did", whatItDid(summary, page)) +
    section("Numbers that matter", numbersThatMatter(summary, page)) +
    section("What looks wrong", whatLooksWrong(summary, page)) +
    section("Where to look next", whereNext(summary, page))
  );
}

function headline(summary: Summary, outcome: TraceOutcome, { style, input, width }: Page): string {
  const { range, wallClock } = summary;
  const name = input === "-" ? "standard input" : input;
  const whole = range.nanos === summary.traceNanos;
  const length = whole
    ? formatDuration(range.nanos)
    : `${moment(range.start)} to ${moment(range.start + range.nanos)} of ${formatDuration(summary.traceNanos)}`;
  const at = wallClock === null ? "" : `, recorded ${new Date(wallClock).toISOString().replace("T", " ").replace("Z", " UTC")}`;
  const text = `${length} of a Go program (trace format 1.${summary.version}), ${count(summary.events, "event")} in ${count(summary.generations, "generation")}${at}`;
  const broken = outcome.error === undefined ? "" : `\n${style.warn(wrap(breakLine(outcome), width))}`;
  return `${style.bold(fitEnd(name, width))}\n${wrap(text, width)}${broken}`;
}

function breakLine({ salvaged }: TraceOutcome): string {
  if (salvaged === undefined || salvaged.events === 0) return "The trace breaks off there; everything below is about what came before.";
  return `Partial: the trace is broken at ${moment(salvaged.brokenAt)}; ${salvagedText(salvaged)}. Everything below counts that in.`;
}

const shownFunctions = 8;

function whatItDid(summary: Summary, { width, style }: Page): string[] {
  const own = summary.functions.filter(({ system }) => !system);
  const system = summary.functions.filter((found) => found.system);
  const shown = own.slice(0, shownFunctions);
  const head = ["Count", "Running", "Runnable", "Syscalls", "Blocked most in"];
  const rows = shown.map(({ goroutines, runningNanos, runnableNanos, syscallNanos, blocked }) => [
    formatNumber(goroutines),
    formatDuration(runningNanos),
    formatDuration(runnableNanos),
    formatDuration(syscallNanos),
    blockedMost(blocked[0]),
  ]);
  const others = head.reduce((sum, title, column) => sum + 2 + Math.max(title.length, ...rows.map((row) => row[column]!.length)), 0);
  const names = shown.map(({ name }) => `  ${fitEnd(shortFunction(name), Math.max(16, width - others - 2))}`);
  const lines = rows.length === 0 ? [] : table([["  Goroutines of", ...head], ...rows.map((row, i) => [names[i]!].concat(row))]);
  if (lines.length > 0) lines[0] = style.dim(lines[0]!);
  const rest = own.slice(shownFunctions);
  if (rest.length > 0) lines.push(style.dim(`  and ${count(rest.length, "function")} more, running for ${runningOf(rest)}`));
  if (system.length > 0) lines.push(style.dim(`  and the goroutines of the runtime and the tracer, running for ${runningOf(system)}`));
  for (const { type, begun, measured, totalNanos, longestNanos } of [...summary.tasks]
    .toSorted((one, two) => two.totalNanos - one.totalNanos)
    .slice(0, 5)) {
    const mean = measured === 0 ? "" : `, ${formatDuration(totalNanos / measured)} on average, ${formatDuration(longestNanos)} at most`;
    lines.push(fitLine(`  task "${type}": ${formatNumber(begun)} begun${mean}`, width));
  }
  return lines;
}

const runningOf = (list: readonly FunctionSummary[]): string =>
  formatDuration(list.reduce((total, { runningNanos }) => total + runningNanos, 0));
const reasonWidth = 16;

function blockedMost(most: FunctionSummary["blocked"][number] | undefined): string {
  return most === undefined || most.nanos === 0 ? "" : `${fitLine(most.reason || "(unknown)", reasonWidth)} ${formatDuration(most.nanos)}`;
}

const fitLine = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

function numbersThatMatter(summary: Summary, { width }: Page): string[] {
  const rows = numberRows(summary);
  const labelWidth = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.map(([name, text]) => `  ${name}`.padEnd(labelWidth) + wrap(text, width, " ".repeat(labelWidth)).trimStart());
}

const severityMarks = { critical: "!!", warning: "!", info: "·" } as const;

function whatLooksWrong(summary: Summary, { style, width }: Page): string[] {
  if (summary.findings.length === 0) return ["  Nothing by the rules of docs/findings.md."];
  const { range } = summary;
  return summary.findings.flatMap(({ severity, title, text, advice, from, to, costNanos }, i) => {
    const cost = costNanos > 0 ? `, costs ${formatDuration(costNanos)}` : "";
    const head = `  ${severityMarks[severity]} ${title}${cost}`;
    const all = from <= range.start && to >= range.start + range.nanos;
    return [
      ...(i === 0 ? [] : [""]),
      severity === "info" ? head : style.warn(head),
      wrap(text, width, "    "),
      style.dim(wrap(`→ ${advice}`, width, "    ")),
      ...(all ? [] : [style.dim(`    ${moment(from)} to ${moment(to)}`)]),
    ];
  });
}

const shownSites = 5;

function whereNext(summary: Summary, { input, width, style }: Page): string[] {
  const lines: string[] = [];
  const sites = mergePlaces(summary).slice(0, shownSites);
  if (sites.length > 0) {
    lines.push(style.dim("  Longest waits in the program's own code, summed over goroutines:"));
    const rows = sites.map(({ reason, nanos, count: times, caller, place }) => [
      `    ${formatDuration(nanos)}`,
      `${formatNumber(times)}×`,
      fitLine(`${reason || "(before the trace)"} · ${shortFunction(caller)} (${place.slice(place.lastIndexOf("/") + 1)})`, width - 26),
    ]);
    lines.push(...table(rows));
  }
  if (input === "-") return lines;
  const { worst: queue } = summary.runQueue;
  const [worst] = summary.findings;
  const range =
    worst === undefined ? (queue !== null && queue.mean >= 1 ? queue : null) : { start: worst.from, nanos: worst.to - worst.from };
  if (range === null || range.nanos >= summary.range.nanos) return lines;
  const [from, to] = [argument(Math.floor(range.start / 1e6)), argument(Math.ceil((range.start + range.nanos) / 1e6))];
  const file = /^[\w./@%+=:,-]+$/.test(input) ? input : `'${input.replaceAll("'", "'\\''")}'`;
  lines.push(
    style.dim("  Closer at the moment that stands out:"),
    `    foretrace analyze --from ${from} --to ${to} --window 10ms ${file}`,
    `    foretrace slice ${file} --from ${from} --to ${to} --out moment.trace && go tool trace moment.trace`,
  );
  return lines;
}

const argument = (millis: number): string => (millis % 1000 === 0 && millis > 0 ? `${millis / 1000}s` : `${millis}ms`);
