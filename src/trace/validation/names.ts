/** Strings, stacks and clock of the generation at hand: that what events name is there. Each id is looked up once a generation. */
import type { ClockSnapshot, GenerationTables } from "../model.ts";
import type { Report } from "./event.ts";

export class Names {
  readonly #report: Report;
  readonly #version: number;
  #tables: GenerationTables | undefined;
  readonly #strings = new Map<number, string>();
  readonly #stacks = new Set<number>();
  #generation = 0;
  #clock: ClockSnapshot | undefined;

  constructor(report: Report, version: number) {
    this.#report = report;
    this.#version = version;
  }

  /** A generation's tables. The closing ones have no clock, and may repeat the number of the last. */
  begin(tables: GenerationTables): void {
    this.#tables = tables;
    this.#strings.clear();
    this.#stacks.clear();
    const { generation, clock } = tables;
    if (generation < this.#generation) this.#report("generation-rises", `generation ${generation} comes after ${this.#generation}`);
    this.#generation = generation;
    if (clock !== undefined) this.#checkClock(clock);
  }

  /** A second generation begins, or the first event after the Sync comes: these tables were not the closing ones. */
  inUse(): void {
    if (this.#version >= 25 && this.#tables!.clock === undefined) this.#report("clock-snapshot", "expected a clock snapshot");
  }

  #checkClock(clock: ClockSnapshot): void {
    const before = this.#clock;
    this.#clock = clock;
    if (clock.trace === 0n || clock.mono === 0n || clock.wall === 0n) this.#report("clock-snapshot", "expected times that are not 0");
    if (before !== undefined && (clock.trace <= before.trace || clock.mono <= before.mono))
      this.#report("clock-snapshot", `expected times after ${before.trace} and ${before.mono}, found ${clock.trace} and ${clock.mono}`);
  }

  /** Text of a string; "" for one that is not there. */
  string(id: number): string {
    if (id === 0) return "";
    let text = this.#strings.get(id);
    if (text === undefined) this.#strings.set(id, (text = this.#look(id)));
    return text;
  }

  #look(id: number): string {
    try {
      return this.#tables!.string(id);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#report("string-exists", `there is no string ${id} in generation ${this.#generation}`);
      return "";
    }
  }

  stack(id: number): void {
    if (id === 0 || this.#stacks.has(id)) return;
    this.#stacks.add(id);
    try {
      const frames = this.#tables!.stack(id);
      const at = frames.findIndex((frame, i) => i > 0 && (frame.func === "" || frame.file === "" || frame.pc === 0n || frame.line === 0));
      if (at > 0) this.#report("frames-complete", `frame ${at} of stack ${id} lacks function, file, line or program counter`);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#report("stack-exists", `there is no stack ${id} in generation ${this.#generation}`);
    }
  }
}
