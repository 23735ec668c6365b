# The server in a small image, run by an unprivileged user. Build: docker build -t starmart .
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN useradd --system --create-home --home-dir /mart starmart
COPY --from=build /src/target/release/starmart /usr/local/bin/starmart
USER starmart
WORKDIR /mart
# Without TLS and login the server listens on loopback only; share the host's network, or exec into the container.
HEALTHCHECK --interval=30s --timeout=3s CMD ["starmart", "-q", "sql", "--url", "grpc://127.0.0.1:31337", "-c", "SELECT 1"]
ENTRYPOINT ["starmart"]
CMD ["serve"]
