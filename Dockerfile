# Builds the one executable, then runs it as a user of its own. Everything it keeps is in the volume /data.
#   docker build -t email-connector .
#   docker run -d --restart unless-stopped --stop-timeout 20 -p 127.0.0.1:3000:3000 -v email-connector:/data \
#     --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --pids-limit 256 \
#     --memory 1g --memory-swap 1g --ulimit core=0 \
#     -e PUBLIC_URL=https://mail.example.org -e TRUSTED_PROXIES=172.17.0.1 email-connector
# Equal memory limits mean no swap: like a core dump, it would write passwords in use to a disk.
# 172.17.0.1 is the gateway of Docker's own network, as which a proxy on the host arrives.

# A release pins both images by digest (bun scripts/pin-images.ts). Until then the tags decide what is built on.
FROM oven/bun:1.4.5-debian AS build
WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production
COPY tsconfig.json build.ts ./
COPY scripts ./scripts
COPY src ./src
COPY drizzle ./drizzle
RUN bun run build

FROM debian:12-slim
# The MCP registry compares it with server.json.
ARG MCP_NAME=io.github.OWNER/email-connector
LABEL io.modelcontextprotocol.server.name=$MCP_NAME
RUN groupadd --gid 10001 connector \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin connector \
 && install -d -o connector -g connector -m 0700 /data
COPY --from=build /build/dist/email-connector /usr/local/bin/email-connector
COPY --from=build /build/dist/email-connector.cdx.json /usr/local/share/doc/email-connector/
USER connector
ENV DATA_DIR=/data HOST=0.0.0.0 PORT=3000
VOLUME /data
EXPOSE 3000
# The executable takes SIGTERM itself: running calls get 10 s to end.
STOPSIGNAL SIGTERM
ENTRYPOINT ["email-connector"]
CMD ["serve"]
