/**
 * What can be had of a broken trace of Go 1.11–1.21, of which nothing is given without a salvage: its whole records, in the order that
 * their times and numbers allow, told as what they imply.
 */
import type { Salvaged, TraceVisitor } from "../../model.ts";
import { SalvageReport } from "../../salvage/report.ts";
import { Converter, convertedWords } from "../convert.ts";
import { OldProcs } from "../procs.ts";
import { Replay } from "../replay.ts";
import { Scan } from "../scan.ts";
import { lostName, OldTables } from "../tables.ts";
import { Cleaning } from "./clean.ts";
import { Marks } from "./marks.ts";
import { SalvageOrdering } from "./ordering.ts";
import { States } from "./states.ts";

/**
 * Ticks per second where the file has lost them: on x86 those of a processor of 3 GHz, a 64th of them. Real ones are mostly between 2 and
 * 4 GHz, so that times are right within a factor of 1.5; other machines have up to 62.5 million, Apple's and some others 1.5 million.
 * Nothing else in a file says how long a tick is: times between starts and preemptions, of which the scheduler promises 10 ms, are
 * anything from microseconds to 20 ms in the recordings there are.
 */
export const assumedTicks = 46_875_000;
/** An event waits so long for others that are to come before it; then what it waits for is taken to be lost. Whole traces need none. */
const patienceNanos = 50_000;

export class OldSalvage {
  readonly tables: OldTables;
  readonly out: States;
  readonly #converter: Converter;
  readonly #report: SalvageReport;
  /** Events that can be told. */
  readonly events: number;

  /**
   * Reads all of it.
   * @param bytes of the file, without its header. @param pause lets others run from time to time, and throws when the reading is to end.
   */
  static async load(
    bytes: Uint8Array,
    version: number,
    visitor: TraceVisitor,
    portion: number,
    pause: () => Promise<void>,
  ): Promise<OldSalvage> {
    const report = new SalvageReport();
    const clean = await cleaned(bytes, version, report, portion, pause);
    const tables = new OldTables(clean, convertedWords(version));
    tables.lenient = true;
    const scan = new Scan(clean, 0, version, tables);
    while (scan.step(portion)) await pause();
    scan.failures.clear();
    if (scan.frequency === 0) report.clock = "assumed";
    const ticks = scan.frequency === 0 ? assumedTicks : scan.frequency;
    const procs = new OldProcs(clean, version, scan);
    scan.samples.sort((id) => procs.slotOf(id));
    const ordering = new SalvageOrdering(procs, scan.samples, scan.events, (patienceNanos / 1e9) * ticks);
    while (ordering.advance(portion)) await pause();
    const order = ordering.finish();
    const replay = (): Replay => new Replay(procs, order, scan.samples, 1e9 / ticks);
    const marks = new Marks(replay(), procs.goroutines.slots);
    while (marks.advance(portion)) await pause();
    const out = new States(visitor, procs.goroutines, report, tables.word(lostName));
    const converter = new Converter(procs, replay(), tables, out, version, scan.timers);
    converter.lenient = true;
    return new OldSalvage(tables, out, converter, report, order.length);
  }

  private constructor(tables: OldTables, out: States, converter: Converter, report: SalvageReport, events: number) {
    this.tables = tables;
    this.out = out;
    this.#converter = converter;
    this.#report = report;
    this.events = events;
  }

  /** Tells what so many events come to; false when there are no more. */
  advance(events: number): boolean {
    return this.#converter.advance(events);
  }

  get salvaged(): Salvaged {
    this.#report.lostNames = this.#converter.lostNames;
    this.#report.generations = this.out.events > 0 ? 1 : 0;
    return this.#report.result(-1, 0, this.out.events, 0, this.out.last);
  }
}

/** Its own function, so that what cleaning takes is free for the passes behind it. */
async function cleaned(
  bytes: Uint8Array,
  version: number,
  report: SalvageReport,
  portion: number,
  pause: () => Promise<void>,
): Promise<Uint8Array> {
  const cleaning = new Cleaning(bytes, version, report);
  while (cleaning.step(portion)) await pause();
  return cleaning.finish();
}
