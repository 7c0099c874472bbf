/**
 * Rules of --fail-on, over a comparison. docs/diff.md says them in words:
 *
 *     rule     = finding | count | series
 *     finding  = "findings." ("new" | "gone" | "grown" | "b") "." ("severity" order SEVERITY | "kind" "=" KIND)
 *     count    = ("findings." ("new" | "gone" | "grown" | "b") | "places.appeared" | "places.gone" | "series.differing") order NUMBER
 *     series   = NAME order (("+" | "-") NUMBER "%"? | NUMBER)
 *     order    = ">" | ">=" | "<" | "<=" | "="
 */
import { ForetraceError } from "../../lib/errors.ts";
import { formatNumber } from "../../lib/units.ts";
import { describeSeries } from "../catalogue.ts";
import { findingKinds, severityRank, type Finding } from "../findings/finding.ts";
import type { Comparison } from "./compare.ts";

type Order = ">" | ">=" | "<" | "<=" | "=";
/** `holds`: the rule's condition is met, and `why` has the numbers. */
export type RuleResult = { readonly rule: string; readonly holds: boolean; readonly why: string };
export type Rule = { readonly text: string; check(comparison: Comparison): { holds: boolean; why: string } };

const sets = {
  "findings.new": (found) => found.findings.new,
  "findings.gone": (found) => found.findings.gone,
  "findings.grown": (found) => found.findings.grown.map(({ b }) => b),
  "findings.b": (found) => found.b.findings,
} satisfies Record<string, (found: Comparison) => readonly Finding[]>;
const counts: Record<string, (found: Comparison) => number> = {
  ...Object.fromEntries(Object.entries(sets).map(([name, list]) => [name, (found: Comparison) => list(found).length])),
  "places.appeared": ({ places }) => places.filter(({ status }) => status === "appeared").length,
  "places.gone": ({ places }) => places.filter(({ status }) => status === "gone").length,
  "series.differing": ({ series }) => series.filter(({ differs }) => differs).length,
};

/** @throws ForetraceError bad_usage that says what is wrong with the rule. */
export function parseRule(text: string): Rule {
  const match = /^\s*([^{<>=\s]+(?:\{[^}]*\})?)\s*(>=|<=|==?|>|<)\s*(\S+)\s*$/.exec(text);
  if (match === null) throw wrong(text, 'write NAME, one of > >= < <= =, and a value, as in "go_trace_gc_cpu_share>+20%"');
  const [, name, sign, value] = match as unknown as [string, string, string, string];
  const order = (sign === "==" ? "=" : sign) as Order;
  const field = /^(findings\.[a-z]+)\.(severity|kind)$/.exec(name);
  if (field !== null) return findingRule(text, field[1]!, field[2]!, order, value);
  const count = Object.hasOwn(counts, name) ? counts[name] : undefined;
  if (count !== undefined) {
    const bound = numberOf(text, value);
    return { text, check: (found) => ({ holds: compared(count(found), order, bound), why: `${name} is ${formatNumber(count(found))}` }) };
  }
  if (name.startsWith("findings.") || !name.startsWith("go_trace_")) {
    throw wrong(
      text,
      `"${name}" is neither a series of docs/series.md nor one of ${Object.keys(counts).join(", ")}, findings.new.severity, findings.new.kind`,
    );
  }
  if (describeSeries(name) === undefined) throw wrong(text, `"${name}" is no series of docs/series.md`);
  return seriesRule(text, name, order, value);
}

function findingRule(text: string, set: string, field: string, order: Order, value: string): Rule {
  if (!Object.hasOwn(sets, set)) throw wrong(text, `"${set}" is none of ${Object.keys(sets).join(", ")}`);
  const list = sets[set as keyof typeof sets];
  let fits: (finding: Finding) => boolean;
  if (field === "severity") {
    const bound = severityRank(value);
    if (bound < 0) throw wrong(text, `"${value}" is no severity; write info, warning or critical`);
    fits = ({ severity }) => compared(severityRank(severity), order, bound);
  } else {
    if (order !== "=") throw wrong(text, "kinds can only be compared by =");
    if (!(findingKinds as readonly string[]).includes(value)) throw wrong(text, `"${value}" is no kind of docs/findings.md`);
    fits = ({ kind }) => kind === value;
  }
  return {
    text,
    check(found) {
      const those = list(found).filter(fits);
      return {
        holds: those.length > 0,
        why: those.length === 0 ? "none" : those.map(({ id, severity }) => `${id} (${severity})`).join(", "),
      };
    },
  };
}

function seriesRule(text: string, name: string, order: Order, value: string): Rule {
  const isChange = /^[+-]/.test(value);
  const isShare = value.endsWith("%");
  if (isShare && !isChange) throw wrong(text, `a share is one of a change: write +${value} or -${value}`);
  if (isChange && (order === "=" || order.startsWith(">") !== value.startsWith("+"))) {
    throw wrong(text, "a rise is written >+VALUE, a fall <-VALUE");
  }
  const bound = numberOf(text, isShare ? value.slice(0, -1) : value);
  return {
    text,
    check({ series, isTested }) {
      const found = series.find((one) => one.name === name);
      if (found === undefined) return { holds: false, why: "neither trace has it" };
      const { a, b, differs, band } = found;
      const sides = `${told(a)} in A, ${told(b)} in B`;
      if (!isChange) return { holds: compared(b, order, bound), why: sides };
      if (Number.isNaN(a) || Number.isNaN(b)) return { holds: false, why: `${sides}: no change can be told` };
      const change = isShare ? (a === 0 ? (b === 0 ? 0 : Math.sign(b) * Number.POSITIVE_INFINITY) : ((b - a) / Math.abs(a)) * 100) : b - a;
      const far = compared(change, order, bound);
      if (far && !differs)
        return {
          holds: false,
          why: `${sides}: within the noise${isTested && !Number.isNaN(band) ? ` (±${told(band)})` : ", as far as can be told"}`,
        };
      return { holds: far, why: sides };
    },
  };
}

const told = (value: number): string => (Number.isNaN(value) ? "unknown" : String(Number(value.toPrecision(4))));

function compared(value: number, order: Order, bound: number): boolean {
  switch (order) {
    case ">":
      return value > bound;
    case ">=":
      return value >= bound;
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
    case "=":
      return value === bound;
  }
}

function numberOf(rule: string, text: string): number {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw wrong(rule, `"${text}" is no number`);
}

const wrong = (rule: string, what: string): ForetraceError =>
  new ForetraceError("bad_usage", `--fail-on "${rule}": ${what}`, { input: "--fail-on" });
