/** What all parts of the export write to and share. */
import type { GenerationTables } from "../../trace/model.ts";
import type { Texts } from "../texts.ts";
import type { Lanes } from "./lanes.ts";
import type { PacketWriter } from "./packets.ts";
import type { Spans } from "./spans.ts";

export type Output = {
  readonly packets: PacketWriter;
  readonly texts: Texts;
  readonly spans: Spans;
  readonly procs: Lanes;
  readonly threads: Lanes;
  /** Of the current generation. */
  tables: GenerationTables | undefined;
  /** Whether the range has begun: before it only the state is kept. */
  on: boolean;
};
