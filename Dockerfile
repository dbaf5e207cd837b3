# The server in a small image: docker build -t comms-server .
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release -p comms-server

FROM debian:bookworm-slim
# Providers and databases are checked against the system's certificates; curl asks for the health.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home comms \
    && install -d -o comms -g comms /data
COPY --from=build /src/target/release/comms-server /usr/local/bin/comms-server
USER comms
WORKDIR /data
ENV COMMS_DATA_DIR=/data LOG_FORMAT=json PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD curl -fsS -o /dev/null "http://127.0.0.1:${PORT}/health" || exit 1
CMD ["comms-server", "serve"]
