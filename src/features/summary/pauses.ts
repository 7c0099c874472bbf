/** Stops of the world by kind, each with its longest and when that began. A stop counts in the range in which it ends. */
import type { GenerationTables } from "../../trace/model.ts";
import { LabelValues } from "../core/names.ts";
import type { Scope } from "./scope.ts";

export type PauseKind = {
  readonly kind: string;
  count: number;
  /** Full lengths of the stops counted. */
  totalNanos: number;
  longestNanos: number;
  /** Begin of the longest one. */
  longestStart: number;
};

export class Pauses {
  readonly kinds: PauseKind[] = [];
  private readonly scope: Scope;
  private readonly open = new Map<number, number>();
  private readonly numbers = new LabelValues(
    (kind) => this.kinds.push({ kind, count: 0, totalNanos: 0, longestNanos: 0, longestStart: 0 }) - 1,
  );

  constructor(scope: Scope) {
    this.scope = scope;
  }

  generation(tables: GenerationTables): void {
    this.numbers.generation(tables);
  }

  begin(owner: number, time: number): void {
    this.open.set(owner, time);
  }

  /** Was running already; in the first generation: since the trace began. */
  active(owner: number, time: number, firstGeneration: boolean): void {
    if (!this.open.has(owner)) this.open.set(owner, firstGeneration ? 0 : time);
  }

  end(kindId: number, owner: number, time: number): void {
    const begin = this.open.get(owner);
    this.open.delete(owner);
    if (begin === undefined || !this.scope.has(time)) return;
    const kind = this.kinds[this.numbers.ofId(kindId)]!;
    kind.count++;
    kind.totalNanos += time - begin;
    if (time - begin <= kind.longestNanos) return;
    kind.longestNanos = time - begin;
    kind.longestStart = begin;
  }
}
