/** Entry of the `foretrace` command. Compiled code is kept between runs (in the system's temporary folder): the start takes a third. */
import { enableCompileCache } from "node:module";

enableCompileCache();
await import("./program.ts");
