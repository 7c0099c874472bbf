import { defineConfig } from "vitest/config";

const full = process.env["FORETRACE_TEST"] === "full";

export default defineConfig({
  test: {
    include: full ? ["tests/**/*.test.ts", "tests/**/*.full.ts"] : ["tests/**/*.test.ts"],
    testTimeout: full ? 900_000 : 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    env: { TZ: "UTC", TF_CPP_MIN_LOG_LEVEL: "3" },
    reporters: ["default", "./scripts/count-reporter.ts"],
  },
});
