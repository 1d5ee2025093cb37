/** What to type on a machine that is to become a host. The token lies in a file: a command line is seen by everybody there. */
export function joinCommands({ token, server, capacity }: { token: string; server: string; capacity: number }): string {
  return [`(umask 077; cat > host.token) <<'EOF'\n${token}\nEOF`, `gse agent --join ${server} --token-file host.token --data /var/lib/gse-agent --capacity ${capacity}`].join('\n');
}
