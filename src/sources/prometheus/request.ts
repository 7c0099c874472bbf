/** One HTTP request to a Prometheus, tried again when that can help. */
import { setTimeout as delay } from "node:timers/promises";
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { parseAnswer } from "./answer.ts";

export type Auth = { readonly username?: string; readonly password?: string; readonly bearer?: string };

export type RequestOptions = {
  /** Base address without a slash at its end. */
  readonly url: string;
  readonly auth?: Auth;
  /** Longest wait for one answer. Default 30 s. */
  readonly timeoutMillis?: number;
  /** Tries in all. Default 4. */
  readonly attempts?: number;
  /** Wait before the second try; it doubles from try to try, up to 10 s. Default 300 ms. */
  readonly backoffMillis?: number;
  /** Largest answer that is read. Default 64 MiB. */
  readonly answerLimit?: number;
};

/** The server could answer if less were asked: its limit of points, samples or time, or ours of bytes. */
export class TooMuchAsked extends ForetraceError {}

type Parsed = NonNullable<ReturnType<typeof parseAnswer>>;

/**
 * POSTs a form to `path` and gives the parsed answer.
 * @throws ForetraceError source_unreachable (after the last try: network, 429, 5xx), source_rejected (4xx, with the server's words), canceled;
 *   {@link TooMuchAsked} where a smaller question may be answered.
 */
export async function postForm(path: string, form: Record<string, string>, options: RequestOptions, signal?: AbortSignal): Promise<Parsed> {
  const attempts = options.attempts ?? 4;
  let wait = options.backoffMillis ?? 300;
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(path, form, options, signal);
    } catch (error) {
      if (signal?.aborted) throw new ForetraceError("canceled", `the query to ${options.url} was cancelled`, { cause: error });
      const failure = isForetraceError(error) ? error : unreachable(options.url, error);
      if (!failure.retryable || failure instanceof TooMuchAsked || attempt >= attempts) throw failure;
      const asked = failure instanceof Unreachable ? failure.retryAfterMillis : undefined;
      await delay(Math.min(asked ?? wait, 10_000), undefined, { ...(signal && { signal }) }).catch(() => {});
      wait *= 2;
    }
  }
}

class Unreachable extends ForetraceError {
  readonly retryAfterMillis: number | undefined;
  constructor(message: string, input: string, retryAfterMillis?: number, cause?: unknown) {
    super("source_unreachable", message, { input, cause });
    this.retryAfterMillis = retryAfterMillis;
  }
}

async function once(path: string, form: Record<string, string>, options: RequestOptions, signal: AbortSignal | undefined): Promise<Parsed> {
  const timeoutMillis = options.timeoutMillis ?? 30_000;
  const timeout = AbortSignal.timeout(timeoutMillis);
  const address = options.url + path;
  let response: Response;
  let body: string | undefined;
  try {
    response = await fetch(address, {
      method: "POST",
      body: new URLSearchParams(form),
      headers: { accept: "application/json", ...authorization(options.auth) },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      redirect: "follow",
    });
    body = await limitedText(response, options.answerLimit ?? 64 * 2 ** 20);
  } catch (error) {
    if (timeout.aborted && !signal?.aborted) {
      throw new TooMuchAsked("source_unreachable", `${address} did not answer within ${timeoutMillis / 1000} s`, {
        input: options.url,
        cause: error,
      });
    }
    throw error;
  }
  if (body === undefined)
    throw new TooMuchAsked("source_rejected", `${address}: the answer is larger than the limit`, { input: options.url });
  const answer = parseAnswer(body);
  if (response.ok && answer?.status === "success") return answer;
  throw refusal(address, response, answer, body);
}

function refusal(address: string, response: Response, answer: Parsed | undefined, body: string): ForetraceError {
  const words = answer?.error ?? `HTTP ${response.status} ${body.slice(0, 200).replaceAll(/\s+/g, " ").trim()}`.trim();
  const message = `${address}: ${words}`;
  const place = { input: address };
  const limit =
    /exceeded maximum resolution|too many (points|samples|data)|would load too many|query timed out|timeout|max(imum)? .*(points|samples|length)|exceeds the limit/i;
  if (answer?.error !== undefined && (answer.errorType === "timeout" || limit.test(words)))
    return new TooMuchAsked("source_rejected", message, place);
  if (response.status === 429 || response.status >= 500) {
    const after = Number(response.headers.get("retry-after") ?? Number.NaN);
    return new Unreachable(message, address, Number.isFinite(after) ? after * 1000 : undefined);
  }
  if (response.ok)
    return new ForetraceError(
      "source_rejected",
      `${address}: the answer is not that of a Prometheus query API: ${body.slice(0, 100)}`,
      place,
    );
  return new ForetraceError("source_rejected", message, place);
}

function unreachable(url: string, error: unknown): ForetraceError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const words = cause instanceof Error ? cause.message || ((cause as { code?: string }).code ?? cause.name) : String(cause);
  return new Unreachable(`${url} cannot be reached: ${words}`, url, undefined, error);
}

function authorization(auth: Auth | undefined): Record<string, string> {
  if (auth?.bearer !== undefined) return { authorization: `Bearer ${auth.bearer}` };
  if (auth?.username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password ?? ""}`).toString("base64")}` };
}

/** The body as text, or undefined when it is longer than `limit` bytes. */
async function limitedText(response: Response, limit: number): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > limit) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
