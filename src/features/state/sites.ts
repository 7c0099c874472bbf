/** Places in the program's own code, numbered: the first frame of a stack outside the runtime and the standard library. */
import type { Frame, GenerationTables } from "../../trace/model.ts";
import { isOwnCode } from "../summary/block-sites.ts";

/** What the stacks of a generation say, asked once a stack. Ids change with every generation, numbers do not. */
export class StackNumbers {
  readonly texts: string[] = [""];
  private readonly byText = new Map<string, number>([["", 0]]);
  /** By stack of the generation: 1 + its number; 0 and what lies beyond the end = not looked at yet. */
  byStack = new Int32Array(0);
  private tables: GenerationTables | undefined;
  private readonly describe: (frames: readonly Frame[]) => string;
  private readonly most: number;

  /** @param most different texts; further ones are 0, like no text. */
  constructor(describe: (frames: readonly Frame[]) => string, most = 10_000) {
    this.describe = describe;
    this.most = most;
  }

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.byStack.fill(0);
  }

  /** 0 for the empty stack, and where the text is "". */
  of(stack: number): number {
    if (stack < this.byStack.length) {
      const known = this.byStack[stack]!;
      if (known !== 0) return known - 1;
    }
    return this.look(stack);
  }

  private look(stack: number): number {
    if (stack === 0 || this.tables === undefined) return 0;
    const text = this.describe(this.tables.stack(stack));
    let number = this.byText.get(text);
    if (number === undefined) {
      number = this.texts.length < this.most ? this.texts.push(text) - 1 : 0;
      if (number !== 0) this.byText.set(text, number);
    }
    // Ids are small and dense; a trace that makes them up is looked up each time.
    if (stack < 1 << 20) {
      if (stack >= this.byStack.length) {
        const longer = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(1024, stack + 1))));
        longer.set(this.byStack);
        this.byStack = longer;
      }
      this.byStack[stack] = number + 1;
    }
    return number;
  }
}

/**
 * `pkg.Func (file.go:12)` of the first frame of the program's own code. Where there is none, of the outermost frame, the function that the
 * goroutine runs: `net/http.(*conn).serve` says more than the `internal/poll.(*FD).Read` in which they all wait.
 */
export function describeSite(frames: readonly Frame[]): string {
  const frame = frames.find(({ func }) => isOwnCode(func)) ?? frames.at(-1);
  if (frame === undefined) return "";
  return frame.func === "" || frame.file === ""
    ? frame.func
    : `${frame.func} (${frame.file.slice(frame.file.lastIndexOf("/") + 1)}:${frame.line})`;
}
