/** Bundles src/web into dist/web: index.html, boot.js, app.js, app.css, favicon.svg. Nothing is fetched from elsewhere at run time. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");

/** Builds the page into `outDir` (default dist/web). */
export async function buildPage(outDir: string = join(root, "dist", "web")): Promise<void> {
  const source = join(root, "src", "web");
  mkdirSync(outDir, { recursive: true });
  await build({
    entryPoints: [
      { in: join(source, "main.ts"), out: "app" },
      { in: join(source, "boot.ts"), out: "boot" },
      { in: join(source, "styles", "app.css"), out: "app" },
    ],
    outdir: outDir,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome120", "firefox120", "safari17"],
    logLevel: "warning",
  });
  for (const file of ["index.html", "favicon.svg"]) copyFileSync(join(source, file), join(outDir, file));
  // The bundle holds uPlot, whose licence asks that its notice goes along.
  copyFileSync(join(root, "node_modules", "uplot", "LICENSE"), join(outDir, "uplot-license.txt"));
}

if (import.meta.main) await buildPage();
