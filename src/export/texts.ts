/** Texts that outlive their generation: equal texts of all generations get one number. */
import { LabelValues } from "../features/core/names.ts";
import type { GenerationTables } from "../trace/model.ts";

/** Memory grows with the number of different texts (names of kinds, reasons, types), not with the trace. */
export class Texts {
  /** By number; 0 is the empty text. */
  readonly all: string[] = [];
  private readonly numbers = new LabelValues((text) => this.all.push(text) - 1);

  constructor() {
    this.numbers.ofText("");
  }

  generation(tables: GenerationTables): void {
    this.numbers.generation(tables);
  }

  of(text: string): number {
    return this.numbers.ofText(text);
  }

  /** @param id string id of the current generation. */
  ofId(id: number): number {
    return this.numbers.ofId(id);
  }
}
