/** The HTTP client of the page: JSON, bearer token on demand, failures with a remedy in plain words. */
import { askToken, storedToken } from "./parts/token.ts";

const base = "/api/foretrace/v1/";

/** An answer that is not what was asked for; `remedy` says what the reader can do. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  constructor(status: number, code: string, message: string, remedy: string) {
    super(message);
    this.name = "ApiFailure";
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** Address under /api/foretrace/v1/ with its query; undefined values are left out. */
export function apiUrl(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) params.set(key, String(value));
  const text = params.toString();
  return base + path + (text === "" ? "" : `?${text}`);
}

/** @throws ApiFailure; an abort comes through as the signal's AbortError. */
export async function getJson<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const response = await request(apiUrl(path, query), signal === undefined ? {} : { signal });
  return (await response.json()) as T;
}

/** Fetch with the token; asks for one when the service wants it, and fails with {@link ApiFailure} otherwise. */
export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const token = storedToken();
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ApiFailure(0, "unreachable", "Foretrace does not answer.", "Check that “foretrace serve” is running, then try again.");
    }
    if (response.ok) return response;
    if (response.status === 401 && (await askToken(token))) continue;
    throw await failure(response);
  }
}

async function failure(response: Response): Promise<ApiFailure> {
  const body = (await response.json().catch(() => undefined)) as { error?: { code?: string; message?: string } } | undefined;
  const message = body?.error?.message ?? `The service answered ${response.status} ${response.statusText}.`;
  return new ApiFailure(response.status, body?.error?.code ?? "internal", message, remedyFor(response.status));
}

function remedyFor(status: number): string {
  if (status === 401) return "Try again and enter the token given to “foretrace serve”.";
  if (status === 404) return "It may have been removed, or the address is incomplete.";
  if (status === 503) return "The service is starting or shutting down. It will be tried again.";
  return "Try again; if it stays, the log of “foretrace serve” says more.";
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";
