#!/bin/sh
# The settings file of one service: what it needs, then every key as a comment. conffile.sh GSE server|agent
set -eu
case $2 in
    server)
        cat <<'TEXT'
# Settings of gse-server. Take the "#" away before what you change; keys of no table stand above the first [table].
# `gse config --config /etc/gse/server.toml` shows what is in force. What only agents read is in agent.toml.

# Where agents of other machines dial. With listen beyond 127.0.0.1 give http.tls_cert and http.tls_key too.
link_listen = "127.0.0.1:7070"

TEXT
        ;;
    agent)
        cat <<'TEXT'
# Settings of gse-agent. Take the "#" away before what you change; keys of no table stand above the first [table].
# `gse config --config /etc/gse/agent.toml` shows what is in force. What only servers read is in server.toml.
# At least these two, in the table [agent] below:
#   server = "games.example.com:7070"     the server's link_listen
#   token_file = "/etc/gse/host.token"    from `gse host token`; may go once the agent has enrolled

TEXT
        ;;
    *) exit 2 ;;
esac
# Comments, tables and empty lines stay as they are; keys, and the further lines of lists, become comments.
"$1" config | sed -E '/^(#|\[|$)/!s/^/#/'
