/** /metadata, /status/buildinfo, and what Grafana looks for on its own and this service has none of: rules, alerts, exemplars. */
import type { App } from "../context.ts";
import { metadata } from "../describe.ts";
import { answer } from "./answer.ts";
import { badData, readForm } from "./params.ts";
import {
  AlertsAnswer,
  BuildinfoAnswer,
  described,
  ExemplarsAnswer,
  MetadataAnswer,
  parameters,
  prometheusBase,
  RulesAnswer,
} from "./schemas.ts";

/** The Prometheus whose API this is; clients choose their requests by it. */
const spokenVersion = "3.14.0";

export function statusRoutes(app: App, version: string): void {
  app.get(
    `${prometheusBase}/metadata`,
    { schema: described("Type, help and unit of the metrics that this service makes", parameters.metadata, MetadataAnswer) },
    async (request) => {
      const form = readForm(request);
      const limit = wholeNumber(form, "limit") ?? -1;
      wholeNumber(form, "limit_per_metric");
      const wanted = form.get("metric") ?? "";
      const known = metadata().filter(({ name }) => wanted === "" || name === wanted);
      const shown = limit < 0 ? known : known.slice(0, limit);
      return answer(Object.fromEntries(shown.map(({ name, ...rest }) => [name, [rest]])));
    },
  );
  app.get(
    `${prometheusBase}/status/buildinfo`,
    { schema: described("Which API this is, and which Foretrace (revision)", parameters.none, BuildinfoAnswer) },
    // No `features` here: Grafana would take the service for a Mimir with a ruler.
    async () =>
      answer({ version: spokenVersion, revision: `foretrace ${version}`, branch: "", buildUser: "", buildDate: "", goVersion: "" }),
  );
  app.get(`${prometheusBase}/rules`, { schema: described("Rules: there are none", parameters.none, RulesAnswer) }, async () =>
    answer({ groups: [] }),
  );
  app.get(`${prometheusBase}/alerts`, { schema: described("Alerts of rules: there are none", parameters.none, AlertsAnswer) }, async () =>
    answer({ alerts: [] }),
  );
  app.route({
    method: ["GET", "POST"],
    url: `${prometheusBase}/query_exemplars`,
    schema: described("Exemplars: there are none", parameters.exemplars, ExemplarsAnswer),
    handler: async () => answer([]),
  });
}

function wholeNumber(form: URLSearchParams, name: string): number | undefined {
  const given = form.get(name) ?? "";
  if (given === "") return undefined;
  if (!/^[+-]?\d+$/.test(given)) throw badData(`${name} must be a number`, name);
  return Number(given);
}
