/** What goroutines are called: the function at the root of their first known stack, as the Go tools name them. */
import type { GenerationTables } from "../trace/model.ts";
import { IdNumbers } from "./core/names.ts";

export const unnamed = 0;

/** Numbers for function names; 0 = not known. Stacks are looked up once a generation. */
export class GoroutineNames {
  readonly texts: string[] = [""];
  private readonly byText = new Map<string, number>([["", unnamed]]);
  private readonly byStack = new IdNumbers();
  private tables: GenerationTables | undefined;

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.byStack.clear();
  }

  /** Number of the name that a stack of the goroutine gives it; 0 for the empty stack. */
  ofStack(stack: number): number {
    if (stack === 0 || this.tables === undefined) return unnamed;
    let name = this.byStack.get(stack);
    if (name < 0) {
      name = this.ofText(this.tables.stack(stack).at(-1)?.func ?? "");
      this.byStack.set(stack, name);
    }
    return name;
  }

  private ofText(text: string): number {
    let name = this.byText.get(text);
    if (name === undefined) {
      name = this.texts.push(text) - 1;
      this.byText.set(text, name);
    }
    return name;
  }
}

/** Goroutines of the runtime and of the tracer: no name, or a name in package runtime other than the main goroutine's (as the Go tools tell them). */
export function isSystemGoroutine(name: string): boolean {
  return name === "" || (name.startsWith("runtime.") && name !== "runtime.main") || name.startsWith("runtime/trace.");
}

/** A function without the path of its package: `github.com/a/b/internal/c.(*T).M` → `c.(*T).M`. */
export function shortFunction(name: string): string {
  const bracket = name.indexOf("[");
  const head = bracket < 0 ? name : name.slice(0, bracket);
  return head.slice(head.lastIndexOf("/") + 1) + (bracket < 0 ? "" : "[…]");
}
