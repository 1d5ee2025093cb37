# An agent, and the games that it starts: what they need beyond a bare Debian 12 belongs into an image of yours that
# begins FROM this one. Build it where the package lies: ./dev package, then
#   docker build -t opengse/agent:0.1.0 -f deploy/docker/agent.Dockerfile build/release/package
FROM debian:bookworm-slim
COPY opengse_*.deb /tmp/
RUN apt-get update \
 && apt-get install -y --no-install-recommends bubblewrap ca-certificates tini /tmp/opengse_*.deb \
 && rm -rf /tmp/opengse_*.deb /var/lib/apt/lists/*
VOLUME /var/lib/gse-agent
# Somebody must take up games whose agent starts again.
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/bin/gse"]
CMD ["agent", "--data", "/var/lib/gse-agent", "--config", "/etc/gse/agent.toml"]
