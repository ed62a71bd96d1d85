# One image with both programs. No BuildKit needed.
#   docker build -t confab .                      builds from source
#   docker build --target runtime -t confab-base .  the empty house, for programs built outside

FROM debian:bookworm-slim AS runtime
RUN groupadd --gid 7400 confab \
 && useradd --uid 7400 --gid confab --no-create-home --home-dir /data --shell /usr/sbin/nologin confab \
 && install -d -o confab -g confab -m 0700 /data \
 && install -d -o confab -g confab -m 0755 /shared
ENV CONFAB_DATA=/data
USER confab
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM

FROM rust:1.95-bookworm AS builder
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p peer-node -p directory

FROM runtime
COPY --from=builder /src/target/release/peer-node /src/target/release/directory /usr/local/bin/
CMD ["peer-node"]
