/** /api/v1: the part of the Prometheus HTTP API that Grafana, KEDA and scripts call, over stored and derived series. */
import { withDerived } from "../../promql/derived.ts";
import type { ApiContext, App } from "../context.ts";
import { sendErrorBody, toForetraceError } from "../plugins/errors.ts";
import { errorAnswer } from "../prometheus/answer.ts";
import { queryRoutes } from "../prometheus/query.ts";
import { formType } from "../prometheus/schemas.ts";
import { searchRoutes } from "../prometheus/search.ts";
import { statusRoutes } from "../prometheus/status.ts";

export async function prometheusRoutes(root: App, { store, clock, log, version }: ApiContext): Promise<void> {
  await root.register(async (app: App) => {
    // Prometheus reads its parameters itself and takes no notice of those it does not know; the schemas describe.
    app.setValidatorCompiler(() => (value: unknown) => ({ value }));
    app.removeContentTypeParser("application/json");
    app.addContentTypeParser(formType, { parseAs: "string" }, (_request, body, done) => done(null, body));
    app.addContentTypeParser("*", { parseAs: "string" }, (_request, _body, done) => done(null, undefined));
    app.setErrorHandler((error, request, reply) => {
      const known = toForetraceError(error, request, log);
      const { status, body } = errorAnswer(known);
      return sendErrorBody(reply, known, status, body);
    });
    const storage = withDerived(store.series, store.outcomes);
    queryRoutes(app, storage, clock);
    searchRoutes(app, storage);
    statusRoutes(app, version);
  });
}
