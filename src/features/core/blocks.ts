/** Blocking: how often and how long goroutines wait, by reason, and who wakes them. */
import type { GenerationTables } from "../../trace/model.ts";
import type { Levels } from "./levels.ts";
import { LabelValues, type SeriesNames } from "./names.ts";
import { putAmount, type Family, type Row } from "./rows.ts";

/** From this number on a reason is a carried wait's; a program has fewer reasons. */
const firstCarried = 2 ** 32;

export class Blocks implements Family {
  private readonly levels: Levels;
  /** Reason number → its level (waiting now), its count series, blocks in this window. */
  private readonly levelOf: number[] = [];
  private readonly countName: number[] = [];
  private readonly blocks: number[] = [];
  private readonly reasons: LabelValues;
  private readonly texts: string[] = [];
  /** Waits that began before this reading: how many, and which ended when (number, time, …) since that was last asked for. */
  private carried = 0;
  private left: number[] = [];
  private readonly wakers: readonly [goroutine: number, runtime: number];
  private byGoroutine = 0;
  private byRuntime = 0;
  /** Number of the reason "": goroutines that were waiting before the trace, or were created waiting. */
  readonly unknown: number;

  constructor(levels: Levels, names: SeriesNames) {
    this.levels = levels;
    this.reasons = new LabelValues((reason) => {
      this.levelOf.push(levels.add({ seconds: names.id("go_trace_block_seconds", { reason }) }));
      this.countName.push(names.id("go_trace_blocks", { reason }));
      this.texts.push(reason);
      return this.blocks.push(0) - 1;
    });
    this.unknown = this.reasons.ofText("");
    this.wakers = [names.id("go_trace_unblocks", { by: "goroutine" }), names.id("go_trace_unblocks", { by: "runtime" })];
  }

  generation(tables: GenerationTables): void {
    this.reasons.generation(tables);
  }

  /** Running→Waiting; the number of the reason, to be handed back when the stay ends. */
  block(reasonId: number, time: number): number {
    const reason = this.reasons.ofId(reasonId);
    this.blocks[reason] = this.blocks[reason]! + 1;
    this.levels.change(this.levelOf[reason]!, 1, time);
    return reason;
  }

  /** Waiting that began in any other way. */
  wait(time: number): number {
    this.levels.change(this.levelOf[this.unknown]!, 1, time);
    return this.unknown;
  }

  /** Waiting since before the trace. */
  existed(): number {
    this.levels.backdate(this.levelOf[this.unknown]!);
    return this.unknown;
  }

  /** Waiting since before this reading, which begins in the middle of a trace: whoever read what lies before knows the reason. */
  carry(): number {
    return firstCarried + this.carried++;
  }

  /** Number of the carried wait that a value stands for; -1 = it is another one. */
  carriedNumber(reason: number): number {
    return reason >= firstCarried ? reason - firstCarried : -1;
  }

  /** Text of a reason; undefined for what is no number of one. */
  textOf(reason: number): string | undefined {
    return this.texts[reason];
  }

  /** Carried waits that have ended since the last call: number, time, … */
  takeLeft(): number[] {
    const left = this.left;
    this.left = [];
    return left;
  }

  /** The stay ends in any way. */
  leave(reason: number, time: number): void {
    if (reason >= firstCarried) {
      this.left.push(reason - firstCarried, time);
      return;
    }
    this.levels.change(this.levelOf[reason]!, -1, time);
  }

  unblock(currentGoroutine: number): void {
    if (currentGoroutine >= 0) this.byGoroutine++;
    else this.byRuntime++;
  }

  close(row: Row): void {
    for (let reason = 0; reason < this.blocks.length; reason++) {
      putAmount(row, this.countName[reason]!, this.blocks[reason]!);
      this.blocks[reason] = 0;
    }
    putAmount(row, this.wakers[0], this.byGoroutine);
    putAmount(row, this.wakers[1], this.byRuntime);
    this.byGoroutine = 0;
    this.byRuntime = 0;
  }
}
