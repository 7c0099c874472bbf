/**
 * What is kept of a trace to compare it with another: its series and places over the windows, and its findings.
 * Amounts (counts and sums) are kept a second, so that traces of different lengths can be compared.
 */
import type { TraceOutcome, TraceVisitor } from "../../trace/model.ts";
import { isAmount } from "../catalogue.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { functionOf, type Finding } from "../findings/finding.ts";
import { syscallClasses } from "../state/syscall-classes.ts";
import { createSummary, type Summary } from "../summary.ts";
import { Cells } from "./cells.ts";

export type PlaceKind = "wait" | "call" | "creation";

/** `name`: function and reason or purpose; `site`: one of its places, with file and line. */
export type Place = { readonly kind: PlaceKind; readonly name: string; site: string };

export type Profile = {
  readonly summary: Omit<Summary, "findings">;
  readonly findings: readonly Finding[];
  readonly windowNanos: number;
  readonly cells: Cells;
  /** By name of the series in `places.cells`. */
  readonly places: ReadonlyMap<string, Place>;
  readonly placeCells: Cells;
  readonly error: { readonly code: string; readonly message: string } | null;
};

/** Reads a profile: give `visitor` to the reader, then ask. @throws ForetraceError too_many_windows from `event`. */
export function createProfile(windowNanos: number): { readonly visitor: TraceVisitor; finish(outcome: TraceOutcome): Profile } {
  const cells = new Cells();
  const places = new Places();
  const visitor = createSummary({
    windowNanos,
    onWindow({ length, values }, wide) {
      cells.begin();
      for (const map of [values, wide]) for (const [name, value] of map) add(cells, name, value, length);
    },
    onDiagnosis: (diagnosis, end) => places.window(diagnosis, end),
  });
  return {
    visitor,
    finish(outcome) {
      const { findings, ...summary } = visitor.finish();
      const error = outcome.error === undefined ? null : { code: outcome.error.code, message: outcome.error.message };
      return { summary, findings, windowNanos, cells, places: places.places, placeCells: places.cells, error };
    },
  };
}

/** What the quantiles, the counts and the places say as well, in many names. */
const repeats = /_bucket\{|[{,]site="/;
/** What grows or shrinks with the time since the trace began, whatever the program does. */
const sinceBegin = /_age_max_seconds|^go_trace_threads_seen|[{,]reason=""/;

/** Amounts as rates: a block's mean over all its time is then the rate in it. */
function add(cells: Cells, name: string, value: number, length: number): void {
  if (length <= 0 || !Number.isFinite(value) || repeats.test(name) || sinceBegin.test(name)) return;
  cells.add(name, isAmount(name) ? value / (length / 1e9) : value, length);
}

/**
 * Waits by reason and function, calls by purpose and function, creations by function and creator: amounts a second, from totals that grow.
 * Places go by function, without the line, which changes from version to version. A wait counts where it ends.
 */
class Places {
  readonly places = new Map<string, Place>();
  readonly cells = new Cells();
  readonly #before = new Map<string, number>();
  #end = 0;

  window({ waits, calls, groups }: Diagnosis, end: number): void {
    const length = end - this.#end;
    this.#end = end;
    if (length <= 0) return;
    const now = new Map<string, number>();
    const count = (kind: PlaceKind, name: string, site: string, total: number): void => {
      if (total === 0) return;
      const key = `${kind}:${name}`;
      now.set(key, (now.get(key) ?? 0) + total);
      if (!this.places.has(key)) this.places.set(key, { kind, name, site });
    };
    for (const { reason, lock, site, nanos } of waits.sites) {
      // Begun before the trace: what for is not known, and they are there once.
      if (reason === "") continue;
      count("wait", `${reason}${lock === "" ? "" : ` (${lock})`} · ${functionOf(site) || "unknown place"}`, site, nanos / 1e9);
    }
    for (const { purpose, site, count: times } of calls.sites) {
      count("call", `${syscallClasses[purpose]!} · ${functionOf(site) || "unknown place"}`, site, times);
    }
    for (const { name, origin, created } of groups.groups) {
      count("creation", `${name || "unnamed"} · by ${functionOf(origin) || "unknown place"}`, origin, created);
    }
    this.cells.begin();
    for (const [key, total] of now) {
      const grown = total - (this.#before.get(key) ?? 0);
      if (grown === 0) continue;
      this.cells.add(key, grown / (length / 1e9), length);
      this.#before.set(key, total);
    }
  }
}
