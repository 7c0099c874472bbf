/** Runs before the first paint, so that a chosen theme does not flash. Everything else waits for app.js. */
import { restoreTheme } from "./theme.ts";

restoreTheme();
