/**
 * Writes the pages that are made from tables in the code: docs/series.md, docs/errors.md, docs/findings.md, docs/validation.md.
 *
 *   node scripts/docs.ts
 */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { catalogue } from "../src/features/catalogue.ts";
import { moreLabels } from "../src/features/catalogue/wide.ts";
import { findingRules } from "../src/features/findings.ts";
import { leastCovered, minCovered } from "../src/features/grid.ts";
import { errorTable } from "../src/lib/errors.ts";
import { validationRules } from "../src/trace/validation/rules.ts";

const note = (source: string): string => `<!-- Made by scripts/docs.ts from ${source}; change it there. -->\n`;
const cell = (text: string): string => text.replaceAll("|", "\\|");
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
const unitWords = { "": "–", s: "seconds", B: "bytes" } as const;
const kindWords = { mean: "mean over time", max: "maximum", last: "last value", sum: "sum", count: "count", quantile: "quantile" } as const;

export function seriesDoc(): string {
  const overview = catalogue.map(({ name, labels, unit, aggregation, help }) => {
    const keys = Object.keys(labels);
    return row(`\`${name}${keys.length === 0 ? "" : `{${keys.join(",")}}`}\``, kindWords[aggregation], unitWords[unit], help);
  });
  const details = catalogue.map(({ name, labels, definition }) => {
    const lines = Object.entries(labels).map(([label, text]) => `- \`${label}\`: ${text}`);
    return `### ${name}\n\n${definition}\n${lines.length === 0 ? "" : `\n${lines.join("\n")}\n`}`;
  });
  return `# Series from traces

${note("src/features/catalogue.ts")}
Each series is a gauge: its values are amounts of one window, also where the name ends in \`_count\` or \`_sum\`. They are not totals since a start, so \`rate()\` on them is wrong.

The core series are those of \`analyze --format csv\`, and what the service keeps; the wide series come with \`analyze --series all\`. These add labels to some names of the core series, beside the value without them:

${Object.entries(moreLabels)
  .map(
    ([name, labels]) =>
      `- \`${name}\`: ${Object.entries(labels)
        .map(([label, text]) => `\`${label}\` (${text})`)
        .join(", ")}`,
  )
  .join("\n")}

| series | kind | unit | what it says |
|---|---|---|---|
${overview.join("\n")}

## Windows

- Times are those of Go's own reader: nanoseconds, strictly increasing; time 0 is the first event.
- Window i is [i·W, (i+1)·W). An event exactly on a border belongs to the later window. The last window ends at the last event and includes it; means in it are divided by its real length, and left out when that is 0.
- Stretches of time (a stay in a state, a range of the runtime) are cut at the borders of windows; what is open at the end of the trace ends there.
- A latency or duration counts in the window in which it ends, with its full length.
- A goroutine or processor that existed before the trace has been in its first reported state since time 0. So values of the first generation (about a second) are final only when the second one begins.
- All goroutines count, those of the runtime and of the tracer too.
- Counts and sums that are 0 are left out of a window: absent means 0. Gauges are absent until something is known; quantiles are absent when nothing was measured.
- A trace that breaks off gives the windows up to its last readable event.
- More than 1,000,000 windows are an error.

## In the store: the grid of the wall clock

A target's series lie on a fixed grid of the wall clock (\`grid\` in the configuration, 10 s unless set), each with the label \`target\` added.

- A cell is (end − grid, end], with \`end\` a multiple of the grid since 1970; its sample lies at \`end\`.
- The first and last cell of a trace are covered only partly. Below ${minCovered * 100} % they are dropped, unless no cell of the trace is covered that far: then the one covered most is given, from ${leastCovered * 100} % on. Amounts (kinds count and sum) are scaled to a full cell; means, maxima, last values and quantiles stand for the part that is covered.
- In a cell that is given, an amount that did not occur is an explicit 0, so that a model can tell "nothing happened" from "not known": series without labels always, those with labels from the cell on in which that label set was first seen in the trace (the first 2,000 series of a trace; a program that makes up a region type for each request would else fill every cell). The two longest-stop series (\`go_trace_stw_max_seconds\`, \`go_trace_gc_pause_max_seconds\`) are treated alike.
- Between traces there are no samples; that is missing, not zero.

## Definitions

${details.join("\n")}`;
}

export function errorsDoc(): string {
  const rows = Object.entries(errorTable).map(([code, { status, exit, retryable, meaning }]) =>
    row(`\`${code}\``, String(status), String(exit), retryable ? "yes" : "no", meaning),
  );
  return `# Errors

${note("src/lib/errors.ts")}
Every error that is not a defect has one of these codes. The API answers \`{"error":{"code","message","place"}}\` with the HTTP status; the command prints \`foretrace: …\` on standard error and ends with the exit status. A job with a retryable error is tried again, with growing pauses; any other fails at once.

| code | HTTP | exit | retryable | meaning |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

export function findingsDoc(): string {
  const rows = findingRules.map(({ kinds, when, cost }) => row(kinds.map((kind) => `\`${kind}\``).join(", "), when, cost));
  return `# What \`foretrace analyze\` calls wrong

${note("src/features/findings.ts")}
Rules over one trace, or over the range given by \`--from\` and \`--to\`. A finding comes with the numbers it was decided by, the places in the program, what it costs, how sure it is, and what to do. They are printed worst first: \`critical\` (!!), \`warning\` (!), \`info\` (·, explains the rest of the numbers), and of those the most costly.

They are symptoms to look at, not proofs, and they know nothing of what is usual for your program: that is what \`foretrace serve\` learns. What they find in programs whose truth is known, and what they do not, is in [findings-truth.md](findings-truth.md).

| kind | when | cost |
|---|---|---|
${rows.join("\n")}

A severity is \`warning\` where the table says nothing else. On average means over the wall time of the range: "2 goroutines waiting on average" are 2 seconds of waiting a second, by whichever goroutines. Processors are Go's Ps (GOMAXPROCS of them); a P whose goroutine is in a system call is busy until it is taken away. Costs are sums over goroutines, so they can be longer than the trace.

## In JSON

\`analyze --format json\` has them as \`findings\`: \`kind\`, \`id\` (the same for the same trouble in another trace of the program), \`severity\`, \`confidence\` (0–1), \`cost_seconds\`, \`from_ns\` and \`to_ns\` (where to look), \`title\`, \`text\`, \`advice\`, \`sites\` (\`role\`, \`site\`), and \`evidence\` (numbers and names).
`;
}

const ruleWords = { stream: "the stream", reader: "the reader", program: "the program" } as const;

export function validationDoc(): string {
  const rows = Object.entries(validationRules).map(([name, { of, text, except }]) => row(`\`${name}\``, ruleWords[of], text, except ?? ""));
  return `# Rules of the event stream

${note("src/trace/validation/rules.ts")}
\`foretrace analyze --paranoid\` holds every event that is read against these rules, and \`createValidator\` (\`src/trace/validator.ts\`) does so in a program: it wraps any visitor of \`readTrace\`. It knows nothing of bytes and shares no code with the readers, so that a defect of the one is not a defect of the other.

An event that breaks a rule is an error of the code \`trace_rule_broken\`: it names the rule, the number of the event (counted from 1), its time and thread, and what was expected. The command gives its whole answer all the same, tells the first broken rule and how many follow on standard error, and ends with exit status 3. What follows the first may be due to it.

Rules of **the stream** hold for every reading, whatever the bytes were, and rules of **the reader** are what ordering sees to: one of them is broken through a defect of Foretrace (please report it), or after a rule of the program was. Rules of **the program** are held by a sound Go runtime and not looked at by Go's own reader: a damaged file, or one that no runtime wrote, may break them. Up to Go 1.21 ordering sees to less, and the rules of the reader are the program's there.

It costs some 0.2 µs an event, which is more than reading it: \`analyze --format csv --paranoid\` takes two to three times as long, and some 200 bytes of memory for each goroutine that is alive.

| rule | of | says | exceptions |
|---|---|---|---|
${rows.join("\n")}
`;
}

export const pages: Readonly<Record<string, () => string>> = {
  "docs/series.md": seriesDoc,
  "docs/errors.md": errorsDoc,
  "docs/findings.md": findingsDoc,
  "docs/validation.md": validationDoc,
};

if (process.argv[1] === import.meta.filename) {
  const root = resolve(import.meta.dirname, "..");
  for (const [path, make] of Object.entries(pages)) writeFileSync(join(root, path), make());
}
