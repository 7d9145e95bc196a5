# syntax=docker/dockerfile:1
# The gateway alone: no compiler, no simulators' pseudo-terminals, no development packages.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY cli ./cli
COPY gateway ./gateway
COPY devices ./devices
COPY certs ./certs
COPY simulators ./simulators
RUN npm run build && npm prune --omit=dev && rm -rf node_modules/koffi node_modules/@koromix

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="wardgate" \
      org.opencontainers.image.description="Edge gateway for bedside vitals telemetry: mutual TLS MQTT, nothing in the clear" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY LICENSE ./
# State (certificates, inventory) lives on one volume; the root file system may be read-only.
RUN install -d -o 1000 -g 1000 -m 0700 /var/lib/wardgate
VOLUME /var/lib/wardgate
WORKDIR /var/lib/wardgate
# A serial port is given with --device, its group with --group-add dialout.
USER 1000:1000
EXPOSE 8883 8443
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/cli/wardgate.js"]
CMD ["run", "--config", "/var/lib/wardgate/wardgate.yaml"]
