# The server in a small image, run by an unprivileged user. Build: docker build -t starmart .
# Run, with a project mounted: docs/configuration.md.
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin starmart

FROM debian:bookworm-slim
RUN useradd --uid 10001 --create-home --home-dir /mart --shell /usr/sbin/nologin starmart
COPY --from=build /src/target/release/starmart /usr/local/bin/starmart
# By number, so that an orchestrator can see that it is not root.
USER 10001
WORKDIR /mart
# The image has no client of HTTP; bash speaks enough of it. Flight and health are on loopback, in here as anywhere.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.1\\r\\nHost: 127.0.0.1:8080\\r\\nConnection: close\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.1 200 ' <&3"]
ENTRYPOINT ["starmart"]
CMD ["serve"]
