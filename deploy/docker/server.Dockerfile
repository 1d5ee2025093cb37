# The server. Build it where the package lies: ./dev package, then
#   docker build -t opengse/server:0.1.0 -f deploy/docker/server.Dockerfile build/release/package
FROM debian:bookworm-slim
COPY opengse_*.deb /tmp/
# A user whose number is known, for runAsUser and for who owns the volume.
RUN groupadd --gid 1870 gse \
 && useradd --uid 1870 --gid 1870 --home-dir /var/lib/gse --no-create-home --shell /usr/sbin/nologin gse \
 && apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates /tmp/opengse_*.deb \
 && rm -rf /tmp/opengse_*.deb /var/lib/apt/lists/*
USER 1870:1870
VOLUME /var/lib/gse
EXPOSE 8080 7070
ENTRYPOINT ["/usr/bin/gse"]
CMD ["server", "--data", "/var/lib/gse", "--config", "/etc/gse/server.toml", "--listen", "0.0.0.0:8080", \
     "--insecure-http", "--link-listen", "0.0.0.0:7070"]
