/** The one place where an error becomes an answer. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { type ErrorCode, ForetraceError, isForetraceError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { App } from "../context.ts";

/** Fastify's own errors by their code. */
const frameworkCodes: Record<string, { code: ErrorCode; message?: string }> = {
  FST_ERR_CTP_INVALID_JSON_BODY: { code: "bad_json", message: "the body is not valid JSON" },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: "bad_json", message: "the body is empty; send a JSON document" },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: "bad_json", message: "the body must come with Content-Type: application/json" },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: "too_large" },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: "bad_usage" },
  FST_ERR_BAD_URL: { code: "bad_usage" },
};

export type ErrorEnvelope = { error: { code: ErrorCode; message: string; place?: object } };

export function envelope(error: ForetraceError): ErrorEnvelope {
  const { code, message, place } = error;
  return { error: { code, message, ...(Object.keys(place).length > 0 ? { place } : {}) } };
}

/** Any thrown value as a ForetraceError; what we did not expect is logged in full and answered without its inner text. */
export function toForetraceError(error: unknown, request: FastifyRequest, log: Logger): ForetraceError {
  if (isForetraceError(error)) {
    if (error.status >= 500) log.error({ err: error, code: error.code, request: request.id }, error.message);
    return error;
  }
  const { code = "", statusCode = 500, message } = error as FastifyError;
  const known = frameworkCodes[code];
  if (known !== undefined) return new ForetraceError(known.code, known.message ?? message, { cause: error });
  if (error instanceof SyntaxError && statusCode === 400) return new ForetraceError("bad_json", `the body is not valid JSON: ${message}`);
  if (statusCode >= 400 && statusCode < 500) return new ForetraceError("bad_usage", message, { cause: error });
  if (statusCode === 503) return new ForetraceError("unavailable", "the service is shutting down", { cause: error });
  log.error({ err: error, request: request.id, url: request.url }, "request failed");
  return new ForetraceError("internal", `a defect of Foretrace; its log tells more under request ${request.id}`, { cause: error });
}

/** For what the framework refuses before a route is found (an address with a broken escape). */
export function frameworkError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  sendError(reply, new ForetraceError("bad_usage", error.message, { cause: error }));
}

export function useErrors(app: App, log: Logger): void {
  app.setErrorHandler((error, request, reply) => sendError(reply, toForetraceError(error, request, log)));
  app.setNotFoundHandler((request, reply) => sendError(reply, notFound(request)));
}

export const notFound = (request: FastifyRequest): ForetraceError =>
  new ForetraceError("not_found", `nothing is served at ${request.method} ${request.url.split("?")[0]!}; /docs lists what is`);

function sendError(reply: FastifyReply, error: ForetraceError): FastifyReply {
  return sendErrorBody(reply, error, error.status, envelope(error));
}

/** With the headers that belong to the error; the body leaves without the route's schema, which describes success. */
export function sendErrorBody(reply: FastifyReply, error: ForetraceError, status: number, body: object): FastifyReply {
  if (error.code === "unauthorized") reply.header("www-authenticate", 'Bearer realm="foretrace"');
  if (error.code === "busy" || error.code === "unavailable") reply.header("retry-after", "2");
  return reply
    .code(status)
    .type("application/json; charset=utf-8")
    .serializer((value: unknown) => JSON.stringify(value))
    .send(body);
}

/** Answers what is no HTTP at all, or too long a head, before there is a request. */
export function answerBadRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const body = JSON.stringify(
    envelope(new ForetraceError("bad_usage", `the request cannot be read: ${STATUS_CODES[status]!.toLowerCase()}`)),
  );
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8`;
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
