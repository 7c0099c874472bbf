/** /series, /labels and /label/…/values: what is there to be queried, derived series included. */
import { Type } from "typebox";
import type { Labels } from "../../lib/series.ts";
import type { Queryable } from "../../promql/evaluate.ts";
import { formatLabels } from "../../promql/format.ts";
import { compareCodePoints, compareLabels } from "../../promql/labels.ts";
import { parseSelector } from "../../promql/parse.ts";
import type { Matcher } from "../../store/ports.ts";
import type { App } from "../context.ts";
import { answer, limited } from "./answer.ts";
import { badData, limitOf, naming, readForm, searchRange, unescapeLabelName } from "./params.ts";
import { described, NamesAnswer, parameters, prometheusBase, SeriesAnswer } from "./schemas.ts";

export function searchRoutes(app: App, storage: Queryable): void {
  app.route({
    method: ["GET", "POST"],
    url: `${prometheusBase}/series`,
    schema: described("Label sets that match", parameters.search, SeriesAnswer),
    handler: async (request) => {
      const form = readForm(request);
      if (form.getAll("match[]").length === 0) throw badData("no match[] parameter provided", "match[]");
      const limit = limitOf(form);
      const range = searchRange(form);
      const found = new Map<string, Labels>();
      for (const matchers of naming("match[]", () => selectors(form))) {
        for (const labels of await storage.series(matchers, range)) {
          const formatted = formatLabels(labels);
          found.set(JSON.stringify(formatted), formatted);
        }
      }
      const { items, warnings } = limited([...found.values()].sort(compareLabels), limit);
      return answer(items, warnings);
    },
  });
  app.route({
    method: ["GET", "POST"],
    url: `${prometheusBase}/labels`,
    schema: described("Names of labels", parameters.search, NamesAnswer),
    handler: async (request) => {
      const form = readForm(request);
      const limit = limitOf(form);
      const range = searchRange(form);
      return names(await Promise.all(orEverything(selectors(form)).map((matchers) => storage.labelNames(matchers, range))), limit);
    },
  });
  app.get(
    `${prometheusBase}/label/:name/values`,
    { schema: { ...described("Values of a label", parameters.search, NamesAnswer), params: Type.Object({ name: Type.String() }) } },
    async (request) => {
      const form = readForm(request);
      const name = unescapeLabelName(request.params.name);
      if (name === "") throw badData('invalid label name: ""', "name");
      const limit = limitOf(form);
      const range = searchRange(form);
      return names(await Promise.all(orEverything(selectors(form)).map((matchers) => storage.labelValues(name, matchers, range))), limit);
    },
  );
}

const selectors = (form: URLSearchParams): (readonly Matcher[])[] => form.getAll("match[]").map((one) => parseSelector(one).matchers);
const orEverything = (sets: (readonly Matcher[])[]): (readonly Matcher[])[] => (sets.length === 0 ? [[]] : sets);

function names(lists: readonly (readonly string[])[], limit: number) {
  const { items, warnings } = limited([...new Set(lists.flat())].sort(compareCodePoints), limit);
  return answer(items, warnings);
}
