/** Numbers for the runtime's words why a goroutine stopped, and what class of waiting each belongs to. */
import type { GenerationTables } from "../../trace/model.ts";
import { LabelValues } from "../core/names.ts";

export const waitClasses = ["channel", "select", "sync", "network", "sleep", "gc", "forever", "system", "other"] as const;
export type WaitClass = (typeof waitClasses)[number];

/** Texts of src/runtime/traceruntime.go (Go 1.26) and of the older formats' event names; new ones fall to "other". */
const classOfText: Readonly<Record<string, WaitClass>> = {
  "chan send": "channel",
  "chan receive": "channel",
  select: "select",
  sync: "sync",
  "sync.(*Cond).Wait": "sync",
  synctest: "sync",
  network: "network",
  sleep: "sleep",
  "GC mark assist wait for work": "gc",
  "GC background sweeper wait": "gc",
  "GC weak to strong wait": "gc",
  "wait until GC ends": "gc",
  forever: "forever",
  "system goroutine wait": "system",
};

export class Reasons {
  readonly texts: string[] = [];
  /** Number of the class of each reason, in {@link waitClasses}. */
  readonly classes: number[] = [];
  private readonly values: LabelValues;
  readonly none: number;
  readonly preempted: number;
  readonly yielded: number;
  /** As Go 1.22.0 spells it. */
  readonly yieldedOnce: number;

  constructor() {
    this.values = new LabelValues((text) => {
      this.classes.push(waitClasses.indexOf(classOfText[text] ?? "other"));
      return this.texts.push(text) - 1;
    });
    this.none = this.values.ofText("");
    this.preempted = this.values.ofText("preempted");
    this.yielded = this.values.ofText("runtime.Gosched");
    this.yieldedOnce = this.values.ofText("runtime.GoSched");
  }

  generation(tables: GenerationTables): void {
    this.values.generation(tables);
  }

  /** @param id string id of the generation; 0 = none. */
  ofId(id: number): number {
    return this.values.ofId(id);
  }
}
