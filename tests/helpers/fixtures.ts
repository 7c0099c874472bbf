import { join, resolve } from "node:path";

const fixtures = resolve(import.meta.dirname, "..", "fixtures");
/** A small real trace (Go 1.26) that lies in the repository. */
/** Of Go 1.19. */
export const oldTrace = join(fixtures, "traces", "go119-scenario-tasks.trace");
export const fixtureTrace = join(fixtures, "traces", "esbuild-0.28.2-go1.26.5-small.trace");
