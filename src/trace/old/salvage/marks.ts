/** What is told of an event by those that come later or went before: which system calls blocked, and who was woken by the network. */
import type { Replay } from "../replay.ts";
import { Old } from "../spec.ts";

export class Marks {
  readonly #replay: Replay;
  /** By slot of a goroutine: place in the order of the last event if that began a system call, counted from 1; 1 while it waits for the network. */
  readonly #call: Uint32Array;
  readonly #waitsForNet: Uint8Array;

  constructor(replay: Replay, slots: number) {
    this.#replay = replay;
    this.#call = new Uint32Array(slots);
    this.#waitsForNet = new Uint8Array(slots);
  }

  /** Looks at `events` more; false at the end. */
  advance(events: number): boolean {
    const replay = this.#replay;
    for (let left = events; left > 0; left--) {
      if (!replay.step()) return false;
      const { type, goroutine, subject } = replay;
      const call = this.#call[goroutine];
      if (call > 0) {
        if (type === Old.GoSysBlock) replay.flag(call - 1);
        this.#call[goroutine] = 0;
      }
      if (type === Old.GoSysCall) this.#call[goroutine] = replay.index + 1;
      else if (type === Old.GoBlockNet) this.#waitsForNet[goroutine] = 1;
      else if (type === Old.GoUnblock) {
        if (this.#waitsForNet[subject] === 1) replay.flag(replay.index);
        this.#waitsForNet[subject] = 0;
      } else if (type === Old.GoStart || type === Old.GoStartLabel) this.#waitsForNet[goroutine] = 0;
    }
    return true;
  }
}
