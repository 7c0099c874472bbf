/** Names of spans: goroutines' functions keep their own numbers, texts of the runtime (kinds of stops) get negative ones. */
import type { GenerationTables } from "../../trace/model.ts";
import { LabelValues } from "../core/names.ts";

export class LaneNames {
  private readonly functions: readonly string[];
  private readonly texts: string[] = [];
  /** -1 stands for several. */
  private readonly numbers = new LabelValues((text) => -1 - this.texts.push(text));

  constructor(functions: readonly string[]) {
    this.functions = functions;
  }

  generation(tables: GenerationTables): void {
    this.numbers.generation(tables);
  }

  ofText(text: string): number {
    return this.numbers.ofText(text);
  }

  ofId(id: number): number {
    return this.numbers.ofId(id);
  }

  /** The names that are used, in order of first use. */
  output(): { readonly texts: readonly string[]; index(name: number): number } {
    const texts: string[] = [];
    const places = new Map<number, number>();
    return {
      texts,
      index: (name) => {
        let place = places.get(name);
        if (place === undefined) {
          place = texts.push(this.text(name)) - 1;
          places.set(name, place);
        }
        return place;
      },
    };
  }

  private text(name: number): string {
    return name < 0 ? this.texts[-2 - name]! : this.functions[name] || "unknown function";
  }
}
