/** `foretrace export --format pprof`. */
import { gzipSync } from "node:zlib";
import { ForetraceError } from "../../lib/errors.ts";
import { pprofExporter } from "../../export/pprof/exporter.ts";
import { profileKinds, type ProfileKind } from "../../export/pprof/kinds.ts";
import { exportEvents, type ExportRequest, type ExportResult } from "../export.ts";

const isKind = (text: string): text is ProfileKind => (profileKinds as readonly string[]).includes(text);

export function exportPprof(request: ExportRequest): Promise<ExportResult> {
  const kind = request.profile ?? "";
  if (!isKind(kind)) {
    const asked = kind === "" ? "which waits?" : `there is no profile "${kind}";`;
    throw new ForetraceError("bad_usage", `--format pprof: ${asked} give --profile ${profileKinds.join("|")}`, { input: "--profile" });
  }
  // Whole profiles are small, and pprof wants them compressed.
  return exportEvents(request, (target) => pprofExporter(kind, { ...target, write: (bytes) => target.write(gzipSync(bytes)) }));
}
