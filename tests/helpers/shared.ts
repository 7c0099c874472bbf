/** Where the shared reference data lie: beside the repository, or where FORETRACE_SHARED says; undefined when absent. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const place = process.env["FORETRACE_SHARED"] ?? resolve(import.meta.dirname, "..", "..", "..", "shared");
export const sharedDir: string | undefined = existsSync(place) ? place : undefined;
