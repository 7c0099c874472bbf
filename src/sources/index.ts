/** What `foretrace/trace/node` exports: what `foretrace/trace` needs of Node. docs/library.md. */
export { decompressed, openBytes, openRanges, type OpenOptions } from "./bytes.ts";
export { traceCores } from "./trace-core.ts";
export { buildIndex, loadIndex, writeIndex } from "./trace-index-file.ts";
