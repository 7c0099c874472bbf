/** Where goroutines block: the function at the top of the blocking stack, and the first frame of the program's own code below it. */
import type { Frame, GenerationTables } from "../../trace/model.ts";
import { LabelValues } from "../core/names.ts";
import { NumberTable } from "../core/number-table.ts";

export type BlockSite = {
  /** In the runtime's words; "" = not known. */
  readonly reason: string;
  /** Function at the top of the stack, such as `sync.(*Mutex).Lock`; "" = no stack. */
  readonly operation: string;
  /** First frame outside the runtime and the standard library: function and `file:line`; "" = there is none. */
  readonly caller: string;
  readonly place: string;
  count: number;
  nanos: number;
};

/** More sites than this are counted together, under the reason alone. */
const maxSites = 10_000;
const reasonsPerStack = 4096;

export class BlockSites {
  readonly sites: BlockSite[] = [];
  readonly reasonTexts: string[] = [];
  private readonly reasons = new LabelValues((text) => this.reasonTexts.push(text) - 1);
  private readonly byText = new Map<string, number>();
  private readonly byStack = new NumberTable(-1);
  private readonly reasonOfSite: number[] = [];
  private tables: GenerationTables | undefined;

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.reasons.generation(tables);
    this.byStack.clear();
  }

  /** Number of the site of a wait with this reason (string id) and stack. */
  of(reasonId: number, stack: number): number {
    const reason = this.reasons.ofId(reasonId);
    const place = this.byStack.place(stack * reasonsPerStack + Math.min(reason, reasonsPerStack - 1));
    const known = this.byStack.values[place]!;
    if (known >= 0) return known;
    const frames = stack === 0 || this.tables === undefined ? [] : this.tables.stack(stack);
    const site = this.ofFrames(reason, frames);
    this.byStack.values[place] = site;
    return site;
  }

  reasonOf(site: number): number {
    return this.reasonOfSite[site]!;
  }

  private ofFrames(reason: number, frames: readonly Frame[]): number {
    const operation = frames[0]?.func ?? "";
    const own = frames.find((frame) => isOwnCode(frame.func));
    const caller = own?.func ?? "";
    const place = own === undefined ? "" : `${own.file}:${own.line}`;
    const full = this.sites.length >= maxSites;
    const key = full ? String(reason) : `${reason}\n${operation}\n${caller}\n${place}`;
    let site = this.byText.get(key);
    if (site === undefined) {
      const names = full ? { operation: "", caller: "", place: "" } : { operation, caller, place };
      site = this.sites.push({ reason: this.reasonTexts[reason]!, ...names, count: 0, nanos: 0 }) - 1;
      this.reasonOfSite.push(reason);
      this.byText.set(key, site);
    }
    return site;
  }
}

/** Whether a function lies outside the standard library: the first part of its import path tells. */
export function isOwnCode(func: string): boolean {
  const path = func.split("[", 1)[0]!;
  const slash = path.indexOf("/");
  return slash < 0 ? !standardPackages.has(path.slice(0, path.indexOf("."))) : !standardRoots.has(path.slice(0, slash));
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));
/** Packages of the standard library without a slash in their path. */
const standardPackages = words(
  "runtime sync syscall os io net time context errors fmt strings strconv bytes bufio sort math reflect unicode log path flag expvar " +
    "testing unique iter maps slices cmp hash html image mime plugin regexp embed crypto archive compress database debug encoding go index " +
    "text weak structs cgo",
);
/** First parts of the standard library's longer paths. */
const standardRoots = words(
  "runtime sync internal os io net time log path container crypto archive compress database debug encoding go hash html image index mime " +
    "math regexp testing text unicode vendor",
);
