/** Streams of events: recorded from a reading or written by hand, changed, and held against the rules. */
import type { EventKind, GenerationTables, TraceInfo, TraceOutcome, TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { traceNanos } from "../../src/lib/units.ts";
import type { RuleName } from "../../src/trace/validation/rules.ts";
import { createValidator } from "../../src/trace/validator.ts";

export type Fields = [kind: EventKind, time: number, thread: number, proc: number, goroutine: number, stack: number, a: number, b: number, c: number, d: number, e: number, f: number]; // prettier-ignore
export type Step = { readonly start: TraceInfo } | { readonly tables: GenerationTables } | { readonly event: Fields };

/** Tables live for a generation only; what the validator asks of them is copied. */
function kept(tables: GenerationTables): GenerationTables {
  const { generation, clock, experiments } = tables;
  const strings = new Map<number, string>();
  const stacks = new Map<number, ReturnType<GenerationTables["stack"]>>();
  const look = <T>(known: Map<number, T>, id: number, make: (id: number) => T): T => {
    let value = known.get(id);
    if (value === undefined) known.set(id, (value = make(id)));
    return value;
  };
  let isPast = false;
  const copy = {
    generation,
    clock,
    experiments,
    string: (id: number) => look(strings, id, (wanted) => (isPast ? absent(wanted) : tables.string(wanted))),
    stack: (id: number) => look(stacks, id, (wanted) => (isPast ? absent(wanted) : tables.stack(wanted))),
    close: () => void (isPast = true),
  };
  return copy;
}
function absent(id: number): never {
  throw new RangeError(`${id} was not asked for while it could be`);
}

/** All calls of a reading. Texts and stacks can be asked for that its events name. */
export async function record(bytes: Uint8Array): Promise<{ steps: Step[]; outcome: TraceOutcome }> {
  const steps: Step[] = [];
  let tables: (GenerationTables & { close?: () => void }) | undefined;
  const look = createValidator({ onViolation() {} });
  const outcome = await readTrace([bytes], {
    start(info) {
      steps.push({ start: info });
      look.start(info);
    },
    generation(next) {
      tables?.close?.();
      tables = kept(next);
      steps.push({ tables });
      look.generation(tables);
    },
    event(...event) {
      steps.push({ event });
      look.event(...event);
    },
  });
  tables?.close?.();
  return { steps, outcome };
}

export function play(steps: readonly Step[], visitor: TraceVisitor): void {
  for (const step of steps) {
    if ("start" in step) visitor.start?.(step.start);
    else if ("tables" in step) visitor.generation?.(step.tables);
    else {
      const [kind, time, ...rest] = step.event;
      visitor.event(kind, traceNanos(time), ...rest);
    }
  }
}

/** Names of the rules that the stream breaks, in order, each once. */
export function broken(steps: readonly Step[], outcome?: TraceOutcome): RuleName[] {
  const found = new Set<RuleName>();
  const validator = createValidator({ onViolation: (_, rule) => void found.add(rule) });
  play(steps, validator);
  if (outcome !== undefined) validator.finish(outcome);
  return [...found];
}
