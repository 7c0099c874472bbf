/** docs/examples are what the command answers now. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { hasTraces } from "../features/traces.ts";
import { repoRoot } from "../helpers/cli.ts";
import { examples, exampleText } from "./examples.ts";

const folder = join(repoRoot, "docs", "examples");

it("docs/examples holds these answers and no others", () => {
  expect(readdirSync(folder).toSorted()).toEqual(
    Object.keys(examples)
      .map((name) => `${name}.txt`)
      .toSorted(),
  );
});

it.skipIf(!hasTraces).each(Object.entries(examples))("docs/examples/%s.txt is what analyze says of %s", async (name) => {
  expect(await exampleText(name)).toBe(readFileSync(join(folder, `${name}.txt`), "utf8"));
});
