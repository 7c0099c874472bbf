/** What spans time or marks a moment: ranges of the collector and of stops, tasks, regions, logs. */
import { RangeName, rangeNames } from "../../trace/model.ts";
import { EventType } from "./fields.ts";
import type { Goroutines } from "./goroutines.ts";
import type { Output } from "./output.ts";
import { Category, Note } from "./packets.ts";
import { assistTrack, child, Fixed, procTrack, regionsTrack, sweepTrack, taskTrack } from "./tracks.ts";

/** Arguments of its methods are those of the events of the same name. */
export class Annotations {
  private readonly output: Output;
  private readonly goroutines: Goroutines;

  constructor(output: Output, goroutines: Goroutines) {
    this.output = output;
    this.goroutines = goroutines;
  }

  rangeActive(range: number, kindId: number, owner: number, time: number): void {
    if (!this.output.spans.isOpen(this.rangeTrack(range, owner))) this.rangeBegin(range, kindId, owner, time, 0);
  }

  rangeBegin(range: number, kindId: number, owner: number, time: number, stack: number): void {
    const track = this.rangeTrack(range, owner);
    const kind = kindId === 0 ? "" : ` (${this.output.tables!.string(kindId)})`;
    const notes = range === RangeName.StopTheWorld || range === RangeName.GcMarkAssist ? [[Note.goroutine, owner] as const] : [];
    const name = this.output.texts.of(`${rangeNames[range]}${kind}`);
    const place = this.output.on ? this.output.packets.stack(stack) : 0;
    this.output.spans.begin(
      { track, name, category: Category.gc, notes, describe: this.rangeDescription(range, owner, track), stack: place },
      time,
    );
  }

  rangeEnd(range: number, owner: number, time: number, swept: number, reclaimed: number): void {
    const notes: (readonly [number, number])[] = [];
    if (range === RangeName.GcSweep) notes.push([Note.bytesSwept, swept], [Note.bytesReclaimed, reclaimed]);
    this.output.spans.end(this.rangeTrack(range, owner), time, notes);
  }

  private rangeTrack(range: number, owner: number): number {
    if (range === RangeName.StopTheWorld) return Fixed.stops;
    if (range === RangeName.GcMark) return Fixed.gcMark;
    return range === RangeName.GcSweep ? sweepTrack(owner) : assistTrack(owner);
  }

  private rangeDescription(range: number, owner: number, track: number): (() => void) | undefined {
    if (range === RangeName.GcSweep) {
      return () => {
        this.output.procs.describeOnly(owner);
        child(this.output.packets, track, procTrack(owner), "Sweep");
      };
    }
    return range === RangeName.GcMarkAssist ? () => this.goroutines.describeUnder(track, owner, "Mark assists") : undefined;
  }

  taskBegin(task: number, parent: number, name: number, time: number, stack: number, goroutine: number): void {
    const notes: (readonly [number, number])[] = [[Note.task, task]];
    if (parent > 0) notes.push([Note.parentTask, parent]);
    if (goroutine >= 0) notes.push([Note.goroutine, goroutine]);
    const track = taskTrack(task);
    const describe = (): void => child(this.output.packets, track, Fixed.tasks, this.output.texts.all[name] || "task");
    this.output.spans.begin(
      { track, name, category: Category.user, notes, describe, stack: this.output.on ? this.output.packets.stack(stack) : 0 },
      time,
    );
  }

  regionBegin(task: number, name: number, time: number, stack: number, goroutine: number): void {
    const track = regionsTrack(goroutine);
    const notes = task > 0 ? [[Note.task, task] as const] : [];
    const describe = (): void => this.goroutines.describeUnder(track, goroutine, "Regions");
    this.output.spans.begin(
      { track, name, category: Category.user, notes, describe, stack: this.output.on ? this.output.packets.stack(stack) : 0 },
      time,
    );
  }

  log(task: number, categoryId: number, messageId: number, time: number, goroutine: number, stack: number): void {
    if (!this.output.on) return;
    const track = regionsTrack(goroutine);
    this.output.spans.describeOnce(track, () => this.goroutines.describeUnder(track, goroutine, "Regions"));
    const category = this.output.texts.ofId(categoryId);
    const name = this.output.packets.name(category === 0 ? this.output.texts.of("log") : category);
    const place = this.output.packets.stack(stack);
    this.output.packets.event(EventType.instant, track, time);
    this.output.packets.category(Category.user);
    this.output.packets.named(name);
    this.output.packets.callstack(place);
    if (task > 0) this.output.packets.note(Note.task, task);
    this.output.packets.noteText(Note.message, messageId === 0 ? "" : this.output.tables!.string(messageId));
    this.output.packets.done();
  }
}
