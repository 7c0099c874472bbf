/** The store's contract on the embedded database and on a PostgreSQL server. */
import { afterAll, beforeAll, describe } from "vitest";
import { type OpenedStore, openStore } from "../../src/store/open.ts";
import { hasService, type Service, startPostgres } from "../helpers/services.ts";
import { modelContract, outcomeContract, targetContract, traceContract } from "./catalogue.ts";
import { emptyDir, freshDataDir, removeDir } from "./data-dir.ts";
import { seriesContract } from "./series.ts";

function contract(open: () => Promise<OpenedStore & { dataDir: string }>): void {
  let opened: OpenedStore & { dataDir: string };
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(async () => {
    await opened?.close();
    removeDir(opened.dataDir);
  });
  for (const suite of [seriesContract, traceContract, modelContract, outcomeContract, targetContract]) suite(() => opened.store);
}

describe("embedded", () => {
  contract(async () => {
    const dataDir = await freshDataDir();
    return { ...(await openStore({ dataDir })), dataDir };
  });
});

describe.skipIf(!hasService("postgres"))("PostgreSQL", () => {
  let service: Service;
  contract(async () => {
    service = await startPostgres();
    const dataDir = emptyDir();
    return { ...(await openStore({ dataDir, databaseUrl: service.url })), dataDir };
  });
  afterAll(() => service?.stop());
});
