/** Models as the steps need them: what can be read and used, else none, so that a lost or damaged file is healed by training again. */
import { isForetraceError } from "../lib/errors.ts";
import type { ModelRecord } from "../store/ports.ts";
import { type ModelPart, splitParts } from "./parts.ts";
import type { StepContext } from "./step.ts";

export type UsableModel = { readonly record: ModelRecord; readonly parts: readonly ModelPart[] };

/**
 * The target's newest model of the kind. Where its files are gone, damaged, or of a form that this version does not train, a warning names it,
 * and there is none.
 * @throws ForetraceError store_failed when the database does not answer.
 */
export async function usableModel(
  { store, log }: Pick<StepContext, "store" | "log">,
  target: string,
  kind: ModelRecord["kind"],
): Promise<UsableModel | undefined> {
  const record = newestModel(await store.models.list(target), kind);
  if (record === undefined) return undefined;
  try {
    const found = await store.models.latest(target, kind);
    return found && { record: found.record, parts: splitParts(found.model) };
  } catch (error) {
    // What the store says of the files of a model names it; a fault of the database names nothing.
    if (!isForetraceError(error) || (error.code !== "model_incompatible" && error.place.input !== record.id)) throw error;
    log.warn({ target, model: record.id, error: error.message }, `the ${kind} model cannot be used; the target is trained again`);
    return undefined;
  }
}

export const newestModel = (records: readonly ModelRecord[], kind: ModelRecord["kind"]): ModelRecord | undefined =>
  records.filter((record) => record.kind === kind).sort((a, b) => b.createdAt - a.createdAt)[0];
