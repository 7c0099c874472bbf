/** Writes docs/findings-truth.md and docs/examples anew. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { examples, exampleText } from "../tests/cli/examples.ts";
import { truthPage } from "../tests/features/finding-truth.ts";

const docs = join(import.meta.dirname, "..", "docs");
writeFileSync(join(docs, "findings-truth.md"), await truthPage());
mkdirSync(join(docs, "examples"), { recursive: true });
for (const name of Object.keys(examples)) writeFileSync(join(docs, "examples", `${name}.txt`), await exampleText(name));
