import { readFileSync } from "node:fs";

/** From package.json, which lies two folders up from here in the checkout (src/cli) and in the package (dist/cli). */
export const version: string = (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
  .version;
