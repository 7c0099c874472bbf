/** The forms of a comparison: text and Markdown for people, JSON for programs. */
import { describeSeries, isAmount } from "../../features/catalogue.ts";
import { alpha, isDrift, type Comparison, type Difference, type FindingPair } from "../../features/compare/compare.ts";
import type { Profile } from "../../features/compare/profile.ts";
import type { RuleResult } from "../../features/compare/rules.ts";
import { findingJson, type Finding } from "../../features/findings.ts";
import { formatBytes, formatDuration, formatNumber } from "../../lib/units.ts";
import { table } from "../analyze/layout.ts";

export const diffFormats = ["text", "json", "md"] as const;
export type DiffFormat = (typeof diffFormats)[number];

type Page = {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly more: number;
};

const shown = 25;
const marks = { critical: "!!", warning: "!", info: "·" } as const;

/** @param names of A and B. */
export function formatDiff(format: DiffFormat, names: readonly [string, string], found: Comparison, rules: readonly RuleResult[]): string {
  if (format === "json") return `${JSON.stringify(diffJson(names, found, rules), nullForUnknown)}\n`;
  const head = [`A  ${sideText(names[0], found.a)}`, `B  ${sideText(names[1], found.b)}`, "", testText(found), ...remarks(found)];
  const pages = [findingsPage(found), seriesPage(found), placesPage(found), rulesPage(rules)].filter(({ rows }) => rows.length > 0);
  return `${format === "md" ? markdown(head, pages) : text(head, pages)}\n`;
}

function text(head: readonly string[], pages: readonly Page[]): string {
  const parts = pages.flatMap(({ title, head: titles, rows, more }) => [
    "",
    title,
    ...table([titles, ...rows]).map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${formatNumber(more)} more`] : []),
  ]);
  return [...head, ...parts].join("\n");
}

function markdown(head: readonly string[], pages: readonly Page[]): string {
  const cell = (part: string): string => part.replaceAll("|", "\\|").replaceAll("\n", " ");
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  const parts = pages.flatMap(({ title, head: titles, rows, more }) => [
    "",
    `### ${title}`,
    "",
    row(titles),
    `|${"---|".repeat(titles.length)}`,
    ...rows.map(row),
    ...(more > 0 ? ["", `and ${formatNumber(more)} more`] : []),
  ]);
  return [...head.map((line) => (line === "" ? line : `${line}  `)), ...parts].join("\n");
}

function sideText(name: string, { summary, error }: Profile): string {
  const broken = error === null ? "" : `; it breaks off: ${error.message}`;
  return `${name}: ${formatDuration(summary.range.nanos)}, format 1.${summary.version ?? "?"}, ${formatNumber(summary.events)} events, GOMAXPROCS ${summary.processors.gomaxprocs ?? "unknown"}${broken}`;
}

function testText({ isTested, blocksA, blocksB, blockWindows, a, series, places }: Comparison): string {
  const window = formatDuration(a.windowNanos);
  if (!isTested)
    return `Too short to tell noise from change: ${blocksA} and ${blocksB} blocks of ${window} (8 each are needed); only findings are compared.`;
  const differing = series.filter(({ differs }) => differs).length;
  const placed = places.filter(({ differs }) => differs).length;
  return (
    `${differing} of ${series.length} series and ${placed} of ${places.length} places differ by more than they vary inside A and B ` +
    `(${blocksA} and ${blocksB} blocks of ${formatDuration(blockWindows * a.windowNanos)}; chance of any by luck: ${alpha * 100} % each).`
  );
}

function remarks(found: Comparison): string[] {
  const { a, b } = found;
  const lines: string[] = [];
  if (a.summary.version !== b.summary.version)
    lines.push("The formats differ: some series are counted differently or are missing in one (docs/series.md).");
  if ([...found.series, ...found.places].some((one) => one.differs && isDrift(one)))
    lines.push("~ marks what changes half as much or more inside one of the traces: its halves differ too.");
  const dropped = a.cells.dropped + b.cells.dropped + a.placeCells.dropped + b.placeCells.dropped;
  if (dropped > 0) lines.push(`${formatNumber(dropped)} series were left out: more than 5,000 names in a trace.`);
  return lines;
}

function findingsPage({ findings }: Comparison): Page {
  const one = (status: string, { id, severity, title, costNanos }: Finding): string[] => [
    status,
    `${marks[severity]} ${id}`,
    formatDuration(costNanos),
    title,
  ];
  const pair = (status: string, { a, b, factor }: FindingPair): string[] => [
    status,
    `${a.severity === b.severity ? "" : `${marks[a.severity]} → `}${marks[b.severity]} ${b.id}`,
    Number.isNaN(factor) ? "" : `${formatNumber(factor)} × a second`,
    b.title,
  ];
  const rows = [
    ...findings.new.map((finding) => one("new", finding)),
    ...findings.grown.map((found) => pair("grown", found)),
    ...findings.gone.map((finding) => one("gone", finding)),
    ...findings.shrunk.map((found) => pair("shrunk", found)),
    ...findings.same.map((found) => pair("as before", found)),
  ];
  return { title: "Findings", head: ["", "Finding", "Cost", ""], rows, more: 0 };
}

function seriesPage({ series }: Comparison): Page {
  const differing = series.filter(({ differs }) => differs);
  const rows = differing.slice(0, shown).map((found) => [found.name, ...sidesOf(found, (value) => amount(found.name, value))]);
  return {
    title: "Series that differ, largest effect first",
    head: ["Series", "A", "B", "Change", "Noise"],
    rows,
    more: differing.length - rows.length,
  };
}

const placeUnits = { wait: "s", call: "", creation: "" } as const;

function placesPage({ places }: Comparison): Page {
  const differing = places.filter(({ differs }) => differs);
  const rows = differing
    .slice(0, shown)
    .map((found) => [
      found.status,
      found.kind,
      ...sidesOf(found, (value) => `${placeUnits[found.kind] === "s" ? formatDuration(value * 1e9) : formatNumber(value)}/s`),
      found.name,
    ]);
  return {
    title: "Places that differ, largest effect first",
    head: ["", "Of", "A", "B", "Change", "Noise", "Place"],
    rows,
    more: differing.length - rows.length,
  };
}

function rulesPage(rules: readonly RuleResult[]): Page {
  return {
    title: "Rules of --fail-on",
    head: ["", "Rule", ""],
    rows: rules.map(({ rule, holds, why }) => [holds ? "FAILS" : "passes", rule, why]),
    more: 0,
  };
}

function sidesOf(found: Difference, unit: (value: number) => string): string[] {
  const { a, b, band } = found;
  return [unit(a), unit(b), `${isDrift(found) ? "~ " : ""}${ratio(a, b)}`, `±${unit(band)}`];
}

function ratio(a: number, b: number): string {
  if (a === 0 || Number.isNaN(a) || Number.isNaN(b)) return "new";
  if (b === 0) return "gone";
  const factor = b / a;
  return factor >= 3 || factor <= 1 / 3 ? `× ${formatNumber(factor)}` : `${factor >= 1 ? "+" : ""}${formatNumber((factor - 1) * 100)} %`;
}

/** In the unit of the series; amounts a second. */
function amount(name: string, value: number): string {
  const unit = describeSeries(name)?.unit ?? "";
  const number = unit === "s" ? formatDuration(value * 1e9) : unit === "B" ? formatBytes(value) : formatNumber(value);
  return isAmount(name) ? `${number}/s` : number;
}

const nullForUnknown = (_key: string, value: unknown): unknown => (typeof value === "number" && !Number.isFinite(value) ? null : value);

function diffJson(names: readonly [string, string], found: Comparison, rules: readonly RuleResult[]): object {
  const { a, b, findings, series, places, isTested, blocksA, blocksB, blockWindows } = found;
  const side = (input: string, { summary, error }: Profile): object => ({
    input,
    version: summary.version,
    seconds: summary.range.nanos / 1e9,
    events: summary.events,
    gomaxprocs: summary.processors.gomaxprocs,
    error,
  });
  const pair = (one: FindingPair): object => ({ id: one.b.id, factor: one.factor, a: findingJson(one.a), b: findingJson(one.b) });
  return {
    schema: 1,
    a: side(names[0], a),
    b: side(names[1], b),
    test: { windowNanos: a.windowNanos, blockWindows, blocksA, blocksB, alpha, tested: isTested },
    series: series.map((one) => ({ ...one, unit: describeSeries(one.name)?.unit ?? "", perSecond: isAmount(one.name) })),
    places,
    findings: {
      new: findings.new.map(findingJson),
      gone: findings.gone.map(findingJson),
      grown: findings.grown.map(pair),
      shrunk: findings.shrunk.map(pair),
      same: findings.same.map(pair),
    },
    rules,
  };
}
