/** Tasks and regions that the program marked itself (runtime/trace), by type, with their durations where begin and end were seen. */
import type { GenerationTables } from "../../trace/model.ts";
import { LabelValues } from "../core/names.ts";
import type { Scope } from "./scope.ts";

export type MarkKind = {
  readonly type: string;
  begun: number;
  ended: number;
  /** Ends whose begin was seen, and their durations. */
  measured: number;
  totalNanos: number;
  longestNanos: number;
  longestStart: number;
};

/** Open tasks and regions beyond this many are counted but not measured. */
const maxOpen = 100_000;

type Open = { begin: number; kind: MarkKind };

class Kinds {
  readonly all: MarkKind[] = [];
  readonly numbers = new LabelValues(
    (type) => this.all.push({ type, begun: 0, ended: 0, measured: 0, totalNanos: 0, longestNanos: 0, longestStart: 0 }) - 1,
  );

  of(typeId: number): MarkKind {
    return this.all[this.numbers.ofId(typeId)]!;
  }
}

export class Marks {
  private readonly scope: Scope;
  private readonly taskKinds = new Kinds();
  private readonly regionKinds = new Kinds();
  private readonly openTasks = new Map<number, Open>();
  /** By goroutine: regions nest. */
  private readonly openRegions = new Map<number, Open[]>();
  private open = 0;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  get tasks(): readonly MarkKind[] {
    return this.taskKinds.all;
  }

  get regions(): readonly MarkKind[] {
    return this.regionKinds.all;
  }

  generation(tables: GenerationTables): void {
    this.taskKinds.numbers.generation(tables);
    this.regionKinds.numbers.generation(tables);
  }

  taskBegin(task: number, typeId: number, time: number): void {
    const kind = this.taskKinds.of(typeId);
    if (this.scope.has(time)) kind.begun++;
    if (this.openTasks.size < maxOpen) this.openTasks.set(task, { begin: time, kind });
  }

  taskEnd(task: number, typeId: number, time: number): void {
    const open = this.openTasks.get(task);
    this.openTasks.delete(task);
    this.end(open?.kind ?? this.taskKinds.of(typeId), open?.begin, time);
  }

  regionBegin(goroutine: number, typeId: number, time: number): void {
    const kind = this.regionKinds.of(typeId);
    if (this.scope.has(time)) kind.begun++;
    if (this.open >= maxOpen) return;
    this.open++;
    const nested = this.openRegions.get(goroutine);
    if (nested === undefined) this.openRegions.set(goroutine, [{ begin: time, kind }]);
    else nested.push({ begin: time, kind });
  }

  regionEnd(goroutine: number, typeId: number, time: number): void {
    const kind = this.regionKinds.of(typeId);
    const nested = this.openRegions.get(goroutine);
    const innermost = nested?.at(-1);
    if (innermost === undefined || innermost.kind !== kind) {
      this.end(kind, undefined, time);
      return;
    }
    nested!.pop();
    this.open--;
    if (nested!.length === 0) this.openRegions.delete(goroutine);
    this.end(kind, innermost.begin, time);
  }

  goroutineEnd(goroutine: number): void {
    if (this.openRegions.size === 0) return;
    this.open -= this.openRegions.get(goroutine)?.length ?? 0;
    this.openRegions.delete(goroutine);
  }

  private end(kind: MarkKind, begin: number | undefined, time: number): void {
    if (!this.scope.has(time)) return;
    kind.ended++;
    if (begin === undefined) return;
    kind.measured++;
    kind.totalNanos += time - begin;
    if (time - begin < kind.longestNanos) return;
    kind.longestNanos = time - begin;
    kind.longestStart = begin;
  }
}
