import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadKernels } from "../../../src/jobs/kernels.ts";
import { repoRoot } from "../../helpers/cli.ts";

let folder: string;
const url = (): URL => pathToFileURL(`${folder}/`);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "foretrace-kernels-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("relaxed SIMD is the default on the Node versions we promise", async () => {
  expect((await loadKernels()).variant).toBe("relaxed");
});

test("kernels that are not built: unavailable, with the remedy", async () => {
  await expect(loadKernels(undefined, url())).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/lstm-relaxed\.wasm cannot be read; make it with: npm run build$/),
  });
});

test("an engine that refuses one variant gets the next; that refuses all, an error", async () => {
  writeFileSync(join(folder, "lstm-relaxed.wasm"), "not for this engine");
  copyFileSync(join(repoRoot, "build/kernels/lstm-simd.wasm"), join(folder, "lstm-simd.wasm"));
  expect((await loadKernels(undefined, url())).variant).toBe("simd");
  await expect(loadKernels("relaxed", url())).rejects.toMatchObject({ code: "unavailable" });
});
