# Two stages: build the package from the lock file, then keep only what runs.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="foretrace" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/README.md ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/bin bin
COPY --from=build /app/build/kernels build/kernels
COPY --from=build /app/dist dist
RUN ln -s /app/bin/foretrace /usr/local/bin/foretrace && install -d -o node -g node /data
USER node
VOLUME /data
EXPOSE 9464
# bin/foretrace becomes node by exec, and node ends on SIGTERM by itself: no init process is needed in between.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["foretrace"]
# Inside a container "beyond loopback" is the only way in: set FORETRACE_TOKEN, or serve refuses to start.
CMD ["serve", "--data", "/data", "--host", "0.0.0.0", "--port", "9464"]
