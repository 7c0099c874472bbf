/** Writes docs/findings-truth.md anew. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { truthPage } from "../tests/features/finding-truth.ts";

writeFileSync(join(import.meta.dirname, "..", "docs", "findings-truth.md"), await truthPage());
