/**
 * Events → profiles for speedscope: the samples of a CPU profile where one ran during the trace, and on- and off-CPU time by stack,
 * for all goroutines and for each function that goroutines run.
 *
 * The stack of time running is the one at which the goroutine stopped; that of time waiting or in a system call the one at which that began;
 * that of time runnable the one at which the goroutine stands. The state is the innermost frame, in brackets.
 * Memory: a number each different function, state and stack; 8 bytes a CPU sample; one record a living goroutine.
 */
import type { TraceNanos } from "../../lib/units.ts";
import { GoroutineNames, unnamed } from "../../features/goroutine-names.ts";
import { EventKind, GoState, type GenerationTables, type TraceVisitor } from "../../trace/model.ts";
import type { Exporter, ExportTarget } from "../exporter.ts";
import { Stacks } from "../stacks.ts";
import { Texts } from "../texts.ts";
import { SpeedscopeDocument, type WeightedStack } from "./document.ts";
import { StackTimes, type FunctionTimes } from "./stack-times.ts";

/** CPU samples beyond are left out: half a day at the usual 100 a second. */
const maxSamples = 5_000_000;
/** Functions with a profile of their own; speedscope lists them in a menu. */
const maxFunctions = 200;

export function speedscopeExporter(name: string, target: ExportTarget): Exporter {
  const visitor = new SpeedscopeVisitor(target);
  return { visitor, finish: ({ end }) => visitor.finish(name, end) };
}

type Goroutine = {
  name: number;
  state: number;
  /** Text of the state, for the innermost frame. */
  label: number;
  since: number;
  /** Where it stands: number in the stacks. */
  stack: number;
};

class SpeedscopeVisitor implements TraceVisitor {
  private readonly target: ExportTarget;
  private readonly stacks = new Stacks();
  private readonly texts = new Texts();
  private readonly names = new GoroutineNames();
  private readonly times = new StackTimes(this.stacks, this.texts);
  private readonly goroutines = new Map<number, Goroutine>();
  private readonly sampleStacks: number[] = [];
  private samplesLeftOut = 0;
  private syncs = 0;
  private readonly labels = new Map<number, number>();
  private tables: GenerationTables | undefined;

  constructor(target: ExportTarget) {
    this.target = target;
  }

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.stacks.generation(tables);
    this.texts.generation(tables);
    this.names.generation(tables);
    this.labels.clear();
  }

  event(
    kind: EventKind,
    time: TraceNanos,
    _thread: number,
    _proc: number,
    goroutine: number,
    stack: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
  ): void {
    if (kind === EventKind.GoTransition) this.goTransition(a, b, c, d, e, goroutine === a ? stack : e, time);
    else if (kind === EventKind.Sync) this.syncs++;
    else if (kind === EventKind.StackSample && time >= this.target.from && time < this.target.to) {
      if (this.sampleStacks.length < maxSamples) this.sampleStacks.push(this.stacks.of(stack));
      else this.samplesLeftOut++;
    }
  }

  private goTransition(id: number, from: number, to: number, reason: number, ownStack: number, place: number, time: number): void {
    let found = this.goroutines.get(id);
    const name = found === undefined || found.name === 0 ? this.nameOf(ownStack) : found.name;
    if (found === undefined) {
      const since = from === GoState.Undetermined && this.syncs <= 1 ? 0 : time;
      found = { name, state: GoState.NotExist, label: 0, since, stack: 0 };
      this.goroutines.set(id, found);
    }
    found.name = name;
    if (from === to && found.state === to) return;
    // What ran is known by where it stopped.
    if (place !== 0 && found.state === GoState.Running) found.stack = this.stacks.of(place);
    this.settle(found, time);
    if (place !== 0 && to !== GoState.Running) found.stack = this.stacks.of(place);
    found.state = to;
    found.label = this.label(to, reason);
    if (to === GoState.NotExist) this.goroutines.delete(id);
  }

  /** Counts the time since the last change. */
  private settle(found: Goroutine, time: number): void {
    const { from, to } = this.target;
    const nanos = Math.min(time, to) - Math.max(found.since, from);
    // One that is just seen for the first time keeps its begin.
    if (found.state === GoState.NotExist || found.state === GoState.Undetermined) return;
    this.times.add(found.name, found.label, found.stack, nanos);
    found.since = time;
  }

  private label(state: number, reason: number): number {
    const key = reason * 8 + state;
    let label = this.labels.get(key);
    if (label === undefined) {
      label = this.texts.of(`[${labelText(state, reason === 0 ? "" : this.tables!.string(reason))}]`);
      this.labels.set(key, label);
    }
    return label;
  }

  private nameOf(stack: number): number {
    const number = this.names.ofStack(stack);
    return number === unnamed ? 0 : this.texts.of(this.names.texts[number]!);
  }

  /** @param end time of the last event. */
  finish(name: string, end: number): readonly string[] {
    for (const found of this.goroutines.values()) this.settle(found, end);
    const document = new SpeedscopeDocument(this.target.write, name);
    if (this.sampleStacks.length > 0) document.profile("CPU samples, in order of time", "none", this.cpuSamples(document));
    const functions = this.times.functions();
    document.profile("All goroutines: on CPU", "nanoseconds", this.weights(document, functions, isOnCpu));
    document.profile(
      "All goroutines: off CPU",
      "nanoseconds",
      this.weights(document, functions, (state) => !isOnCpu(state)),
    );
    for (const one of functions.slice(0, maxFunctions)) {
      document.profile(
        this.texts.all[one.name] || "unknown function",
        "nanoseconds",
        this.weights(document, [one], () => true),
      );
    }
    document.finish();
    const remarks: string[] = [];
    if (functions.length > maxFunctions) {
      remarks.push(`${functions.length - maxFunctions} functions have no profile of their own; they are part of "All goroutines"`);
    }
    if (this.samplesLeftOut > 0) remarks.push(`${this.samplesLeftOut} CPU samples beyond ${maxSamples} are left out`);
    return remarks;
  }

  private cpuSamples(document: SpeedscopeDocument): WeightedStack[] {
    const known = new Map<number, WeightedStack>();
    return this.sampleStacks.map((stack) => {
      let sample = known.get(stack);
      if (sample === undefined) {
        sample = { frames: this.stacks.frames[stack]!.map((frame) => document.frame(frame)).toReversed(), weight: 1 };
        known.set(stack, sample);
      }
      return sample;
    });
  }

  /** Longest first. */
  private weights(document: SpeedscopeDocument, functions: readonly FunctionTimes[], wants: (state: string) => boolean): WeightedStack[] {
    const out: WeightedStack[] = [];
    for (const { name, byPlace } of functions) {
      const root = this.texts.all[name] || "unknown function";
      for (const [key, weight] of byPlace) {
        const { state, frames } = this.times.place(key);
        if (!wants(state)) continue;
        const numbers = frames.map((frame) => document.frame(frame)).toReversed();
        // Without a stack, at least the function that the goroutine runs.
        if (numbers.length === 0) numbers.push(document.frame({ func: root }));
        numbers.push(document.frame({ func: state }));
        out.push({ frames: numbers, weight });
      }
    }
    return out.toSorted((one, two) => two.weight - one.weight);
  }
}

const running = "[running]";
const isOnCpu = (state: string): boolean => state === running;

function labelText(state: number, reason: string): string {
  if (state === GoState.Running) return "running";
  if (state === GoState.Runnable) return "runnable";
  if (state === GoState.Syscall) return "system call";
  return reason === "" ? "waiting" : `waiting: ${reason}`;
}
