/** Entry of a worker thread that reads a part of a trace. Compiled code is kept between runs, as in main.ts: a thread starts in half the time. */
import { enableCompileCache } from "node:module";

enableCompileCache();
await import("./serve-part.ts");
