/** Ranges of the runtime: concurrent mark phase, stop-the-world by kind, mark assists, sweeping. */
import { RangeName, type GenerationTables } from "../../trace/model.ts";
import type { Levels } from "./levels.ts";
import { LabelValues, type SeriesNames } from "./names.ts";
import { NumberTable } from "./number-table.ts";
import { putAmount, type Family, type Row } from "./rows.ts";

type StopKind = { level: number; countName: number; maxName: number; isGc: boolean; count: number; longest: number };

const gcKinds: ReadonlySet<string> = new Set(["GC sweep termination", "GC mark termination"]);

export class Ranges implements Family {
  private readonly levels: Levels;
  private readonly levelOf: number[];
  private readonly gcPause: number;
  private readonly gcPauseMaxName: number;
  private readonly cyclesName: number;
  private cycles = 0;
  private readonly kinds: StopKind[] = [];
  private readonly kindNumbers: LabelValues;
  /** Begin of the open ranges of each name, by the goroutine or proc (0 for the GC's) they belong to. */
  private readonly open = [new NumberTable(-1), new NumberTable(-1), new NumberTable(-1), new NumberTable(-1)];

  constructor(levels: Levels, names: SeriesNames) {
    this.levels = levels;
    this.levelOf = [];
    this.levelOf[RangeName.GcMark] = levels.add({ seconds: names.id("go_trace_gc_active_seconds") });
    this.levelOf[RangeName.GcMarkAssist] = levels.add({ seconds: names.id("go_trace_gc_assist_seconds") });
    this.levelOf[RangeName.GcSweep] = levels.add({ seconds: names.id("go_trace_gc_sweep_seconds") });
    this.gcPause = levels.add({ seconds: names.id("go_trace_gc_pause_seconds") });
    this.gcPauseMaxName = names.id("go_trace_gc_pause_max_seconds");
    this.cyclesName = names.id("go_trace_gc_cycles");
    this.kindNumbers = new LabelValues((kind) => {
      const level = levels.add({ seconds: names.id("go_trace_stw_seconds", { kind }) });
      const countName = names.id("go_trace_stw_count", { kind });
      const maxName = names.id("go_trace_stw_max_seconds", { kind });
      return this.kinds.push({ level, countName, maxName, isGc: gcKinds.has(kind), count: 0, longest: 0 }) - 1;
    });
  }

  generation(tables: GenerationTables): void {
    this.kindNumbers.generation(tables);
  }

  begin(range: number, kindId: number, owner: number, time: number): void {
    if (range === RangeName.GcMark) this.cycles++;
    this.open[range]!.set(ownerKey(owner), time);
    this.change(range, kindId, 1, time);
  }

  /** Was running already; `sinceStart` = since the trace began, as far as we can tell. Known ranges are left alone. */
  active(range: number, kindId: number, owner: number, time: number, sinceStart: boolean): void {
    const open = this.open[range]!;
    if (open.has(ownerKey(owner))) return;
    open.set(ownerKey(owner), sinceStart ? 0 : time);
    if (!sinceStart) this.change(range, kindId, 1, time);
    else if (range !== RangeName.StopTheWorld) this.levels.backdate(this.levelOf[range]!);
    else {
      const kind = this.kinds[this.kindNumbers.ofId(kindId)]!;
      this.levels.backdate(kind.level);
      if (kind.isGc) this.levels.backdate(this.gcPause);
    }
  }

  end(range: number, kindId: number, owner: number, time: number): void {
    const open = this.open[range]!;
    const begin = open.get(ownerKey(owner));
    if (begin < 0) return;
    open.remove(ownerKey(owner));
    this.change(range, kindId, -1, time);
    if (range !== RangeName.StopTheWorld) return;
    const kind = this.kinds[this.kindNumbers.ofId(kindId)]!;
    kind.count++;
    kind.longest = Math.max(kind.longest, time - begin);
  }

  /** Open ranges: name, owner, begin of a stop of the world (else 0), …, in order. */
  openNow(): number[] {
    return this.open.flatMap((table, range) => {
      const found: [number, number][] = [];
      table.forEach((begin, owner) => found.push([owner, range === RangeName.StopTheWorld ? begin : 0]));
      return found.toSorted(([one], [two]) => one - two).flatMap(([owner, begin]) => [range, owner, begin]);
    });
  }

  close(row: Row): void {
    putAmount(row, this.cyclesName, this.cycles);
    this.cycles = 0;
    let gcLongest = 0;
    for (const kind of this.kinds) {
      putAmount(row, kind.countName, kind.count);
      putAmount(row, kind.maxName, kind.longest / 1e9);
      if (kind.isGc) gcLongest = Math.max(gcLongest, kind.longest);
      kind.count = 0;
      kind.longest = 0;
    }
    putAmount(row, this.gcPauseMaxName, gcLongest / 1e9);
  }

  private change(range: number, kindId: number, delta: number, time: number): void {
    if (range !== RangeName.StopTheWorld) {
      this.levels.change(this.levelOf[range]!, delta, time);
      return;
    }
    const kind = this.kinds[this.kindNumbers.ofId(kindId)]!;
    this.levels.change(kind.level, delta, time);
    if (kind.isGc) this.levels.change(this.gcPause, delta, time);
  }
}

/** A range of the whole program has no owner (-1); 0 stands for it, which no goroutine has and no proc shares the table with. */
const ownerKey = (owner: number): number => (owner < 0 ? 0 : owner);
