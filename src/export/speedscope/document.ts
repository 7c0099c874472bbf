/** Writes a document of speedscope's file format (speedscope.app/file-format-schema.json) piece by piece: profiles first, the frames they share last. */
import type { Frame } from "../../trace/model.ts";

const schema = "https://www.speedscope.app/file-format-schema.json";
const pieceChars = 128 * 1024;

export type WeightedStack = {
  /** Root first: numbers that {@link SpeedscopeDocument.frame} gave. */
  readonly frames: readonly number[];
  readonly weight: number;
};

export class SpeedscopeDocument {
  private readonly write: (bytes: Uint8Array) => void;
  private readonly encoder = new TextEncoder();
  private readonly frames: string[] = [];
  private readonly numbers = new Map<string, number>();
  private pending: string;
  private profiles = 0;

  constructor(write: (bytes: Uint8Array) => void, name: string) {
    this.write = write;
    this.pending = `{"$schema":${JSON.stringify(schema)},"exporter":"foretrace","name":${JSON.stringify(name)},"activeProfileIndex":0,"profiles":[`;
  }

  /** Number of a frame; equal ones get the same. */
  frame(frame: Pick<Frame, "func"> & Partial<Frame>): number {
    const { func, file = "", line = 0 } = frame;
    const text = JSON.stringify({ name: func, ...(file === "" ? {} : { file }), ...(line > 0 ? { line } : {}) });
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.frames.push(text) - 1;
      this.numbers.set(text, number);
    }
    return number;
  }

  /** A sampled profile. Stacks are asked for twice: their frames, then their weights. */
  profile(name: string, unit: "nanoseconds" | "none", stacks: Iterable<WeightedStack>): void {
    if (this.profiles++ > 0) this.put(",");
    this.put(`{"type":"sampled","name":${JSON.stringify(name)},"unit":"${unit}","startValue":0,"samples":[`);
    let first = true;
    let total = 0;
    for (const { frames, weight } of stacks) {
      this.put(`${first ? "" : ","}[${frames.join(",")}]`);
      first = false;
      total += weight;
    }
    this.put(`],"endValue":${total},"weights":[`);
    first = true;
    for (const { weight } of stacks) {
      this.put(`${first ? "" : ","}${weight}`);
      first = false;
    }
    this.put("]}");
  }

  finish(): void {
    this.put('],"shared":{"frames":[');
    this.frames.forEach((frame, i) => this.put(i === 0 ? frame : `,${frame}`));
    this.put("]}}\n");
    this.flush();
  }

  private put(text: string): void {
    this.pending += text;
    if (this.pending.length >= pieceChars) this.flush();
  }

  private flush(): void {
    this.write(this.encoder.encode(this.pending));
    this.pending = "";
  }
}
