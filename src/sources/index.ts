/** What `foretrace/trace/node` exports: what `foretrace/trace` needs of Node. docs/library.md. */
export { decompressed, openBytes, type OpenOptions } from "./bytes.ts";
export { traceCores } from "./trace-core.ts";
