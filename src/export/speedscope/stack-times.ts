/** Time by goroutine function, state and stack. Memory: a number each different three, not an event. */
import type { Stacks } from "../stacks.ts";
import type { Texts } from "../texts.ts";

/** Of one function's goroutines. */
export type FunctionTimes = { readonly name: number; nanos: number; readonly byPlace: Map<number, number> };

/** States and reasons; those beyond are counted as the last one. */
const maxStates = 4096;

export class StackTimes {
  private readonly stacks: Stacks;
  private readonly texts: Texts;
  private readonly byFunction = new Map<number, FunctionTimes>();
  private readonly states: number[] = [];
  private readonly stateOfText = new Map<number, number>();

  constructor(stacks: Stacks, texts: Texts) {
    this.stacks = stacks;
    this.texts = texts;
  }

  /** @param name, state numbers of texts; @param stack number in the stacks. */
  add(name: number, state: number, stack: number, nanos: number): void {
    if (nanos <= 0) return;
    let found = this.byFunction.get(name);
    if (found === undefined) {
      found = { name, nanos: 0, byPlace: new Map() };
      this.byFunction.set(name, found);
    }
    const place = stack * maxStates + this.stateNumber(state);
    found.nanos += nanos;
    found.byPlace.set(place, (found.byPlace.get(place) ?? 0) + nanos);
  }

  private stateNumber(text: number): number {
    let number = this.stateOfText.get(text);
    if (number === undefined) {
      number = Math.min(this.states.length, maxStates - 1);
      this.stateOfText.set(text, number);
      this.states[number] ??= text;
    }
    return number;
  }

  /** Most time first. */
  functions(): FunctionTimes[] {
    return [...this.byFunction.values()].toSorted((one, two) => two.nanos - one.nanos);
  }

  /** What a key of byPlace stands for. */
  place(key: number): { state: string; frames: Stacks["frames"][number] } {
    return { state: this.texts.all[this.states[key % maxStates]!]!, frames: this.stacks.frames[Math.floor(key / maxStates)]! };
  }
}
