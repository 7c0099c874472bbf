/** Strings and stacks of a whole trace: ids that stay valid over generations, equal texts and stacks having one id. */
import { ForetraceError } from "../lib/errors.ts";
import { formatBytes } from "../lib/units.ts";
import type { Frame, GenerationTables } from "./model.ts";

/** Estimated bytes that names may take. What a process says in days is a few MiB; labels and logs of its own making can be any amount. */
const maxNameBytes = 512 * 1024 * 1024;
/** Beside two bytes a character: entry of the array and of the map, header of the string. */
const bytesPerString = 64;
const bytesPerFrame = 200;
const bytesPerNode = 64;
/** More than fit into maxNameBytes. */
const maxFrames = 1 << 24;

export class Names {
  /** By id; 0 is the empty string. */
  readonly strings: string[] = [""];
  /** By id, leaf first; 0 is the empty stack. Equal frames are one object. */
  readonly stacks: (readonly Frame[])[] = [[]];
  readonly #stringIds = new Map([["", 0]]);
  /** A tree of frames: the child of a node by node × maxFrames + frame; and the stack that ends at a node. */
  readonly #children = new Map<number, number>();
  readonly #stackOf: (number | undefined)[] = [0];
  /** The last one of each hash. */
  readonly #stackAt = new Map<number, number>();
  readonly #frameIds = new Map<string, number>();
  /** The last one of each PC. */
  readonly #frameAt = new Map<bigint, number>();
  readonly #frames: Frame[] = [];
  #bytes = 0;
  #tables: GenerationTables | undefined;
  /** Id in the generation → id here. */
  readonly #knownStrings = new IdCache();
  readonly #knownStacks = new IdCache();

  /** From now on ids are those of this generation. */
  generation(tables: GenerationTables): void {
    this.#tables = tables;
    this.#knownStrings.clear();
    this.#knownStacks.clear();
  }

  /** @throws ForetraceError too_large */
  string(id: number): number {
    if (id === 0) return 0;
    const known = this.#knownStrings.get(id);
    return known >= 0 ? known : this.#knownStrings.set(id, this.#internString(this.#tables!.string(id)));
  }

  /** @throws ForetraceError too_large */
  stack(id: number): number {
    if (id === 0) return 0;
    const known = this.#knownStacks.get(id);
    return known >= 0 ? known : this.#knownStacks.set(id, this.#internStack(this.#tables!.stack(id)));
  }

  #internString(text: string): number {
    let id = this.#stringIds.get(text);
    if (id === undefined) {
      this.#take(bytesPerString + 2 * text.length);
      id = this.strings.push(text) - 1;
      this.#stringIds.set(text, id);
    }
    return id;
  }

  #internStack(delivered: readonly Frame[]): number {
    let hash = 0;
    const ids = delivered.map((frame) => {
      const id = this.#internFrame(frame);
      hash = (Math.imul(hash, 31) + id) | 0;
      return id;
    });
    // Walking the tree costs more than a look at what was found last for such frames.
    const usual = this.#stackAt.get(hash);
    if (usual !== undefined && this.#isStack(usual, ids)) return usual;
    // Root first, since stacks have their roots in common.
    let node = 0;
    for (let i = ids.length - 1; i >= 0; i--) node = this.#child(node, ids[i]!);
    let id = this.#stackOf[node];
    if (id === undefined) {
      this.#take(bytesPerString + 8 * ids.length);
      id = this.stacks.push(ids.map((frame) => this.#frames[frame]!)) - 1;
      this.#stackOf[node] = id;
    }
    this.#stackAt.set(hash, id);
    return id;
  }

  #isStack(id: number, frames: readonly number[]): boolean {
    const stack = this.stacks[id]!;
    return stack.length === frames.length && stack.every((frame, i) => frame === this.#frames[frames[i]!]);
  }

  #child(node: number, frame: number): number {
    const key = node * maxFrames + frame;
    let child = this.#children.get(key);
    if (child === undefined) {
      this.#take(bytesPerNode);
      child = this.#stackOf.push(undefined) - 1;
      this.#children.set(key, child);
    }
    return child;
  }

  #internFrame(frame: Frame): number {
    // A place in a program has one function and line, as a rule: text is put together only for another one.
    const usual = this.#frameAt.get(frame.pc);
    if (usual !== undefined && isSameFrame(this.#frames[usual]!, frame)) return usual;
    const key = `${frame.pc} ${frame.line} ${frame.func}\n${frame.file}`;
    let id = this.#frameIds.get(key);
    if (id === undefined) {
      this.#take(bytesPerFrame + 2 * key.length);
      id = this.#frames.push(frame) - 1;
      this.#frameIds.set(key, id);
    }
    this.#frameAt.set(frame.pc, id);
    return id;
  }

  #take(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= maxNameBytes) return;
    throw new ForetraceError(
      "too_large",
      `the strings and stacks of the trace take more than ${formatBytes(maxNameBytes)}; ` +
        "read a shorter range or fewer kinds of events, leave columns with names out, or use readTrace, which holds those of one generation",
    );
  }
}

const isSameFrame = (one: Frame, two: Frame): boolean => one.line === two.line && one.func === two.func && one.file === two.file;

const smallIds = 1 << 14;

/** Number by id. Ids of a generation are small as a rule, but may be anything. */
class IdCache {
  /** One more than the number; 0 = none. */
  readonly #small = new Uint32Array(smallIds);
  readonly #large = new Map<number, number>();

  clear(): void {
    this.#small.fill(0);
    this.#large.clear();
  }

  /** -1 = none. */
  get(id: number): number {
    return id < smallIds ? this.#small[id]! - 1 : (this.#large.get(id) ?? -1);
  }

  set(id: number, value: number): number {
    if (id < smallIds) this.#small[id] = value + 1;
    else this.#large.set(id, value);
    return value;
  }
}
