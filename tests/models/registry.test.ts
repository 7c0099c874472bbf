import { expect, it } from "vitest";
import { tfjsEngine } from "../../src/models/forecast/tfjs-engine.ts";
import { detectors, forecasters, loadDetector, loadForecaster } from "../../src/models/registry.ts";
import { checkDetector, checkForecaster } from "./checks.ts";

// Small networks: what is checked here is manners, not skill.
for (const forecaster of forecasters) checkForecaster(forecaster, { steps: 30, hidden: 8, batch: 16, engine: tfjsEngine("wasm") });
for (const detector of detectors) checkDetector(detector);

it("refuses a model that no name is known for", async () => {
  const stranger = { manifest: { model: "prophet", format: 1 }, weights: new Uint8Array(0) };
  await expect(loadForecaster(stranger)).rejects.toMatchObject({ code: "model_incompatible" });
  expect(() => loadDetector(stranger)).toThrow(expect.objectContaining({ code: "model_incompatible" }));
});
