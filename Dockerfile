# Two stages: build the package from the lock file, then keep only what the package holds and needs to run.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm pack --pack-destination /tmp \
 && mkdir /app \
 && tar -xzf /tmp/foretrace-*.tgz -C /app --strip-components=1 \
 && npm prune --omit=dev \
 && mv node_modules /app/

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="foretrace" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
COPY --from=build /app /app
RUN ln -s /app/bin/foretrace /usr/local/bin/foretrace && install -d -o node -g node /data
USER node
WORKDIR /data
VOLUME /data
EXPOSE 9464
# bin/foretrace becomes node by exec, and node ends on SIGTERM by itself: no init process is needed in between.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["foretrace"]
# Inside a container "beyond loopback" is the only way in: set FORETRACE_TOKEN, or serve refuses to start.
CMD ["serve", "--data", "/data", "--host", "0.0.0.0", "--port", "9464"]
