#!/bin/sh
# Builds the package of the demo game: package.sh OUT TITLE [GSE_CHAT_BINARY]
# OUT is a zip, which takes cmake, or a folder; `gse asset upload` takes either. Its root becomes /local/game/.
# Launch path: /local/game/start.sh, or gse-chat itself with parameters.
# System libraries are not bundled: the package runs on machines like the one that built it.
set -eu

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "usage: $0 OUT[.zip] TITLE [GSE_CHAT_BINARY]" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
title=$2
binary=${3:-$here/../../build/release/gse-chat}
# Installed, this script lies beside no build.
[ $# -eq 3 ] || [ -x "$binary" ] || binary=$(command -v gse-chat || echo "$binary")
if [ ! -x "$binary" ]; then
    echo "$0: no gse-chat at $binary: build it first, or name the binary" >&2
    exit 1
fi
folder=$(dirname "$1")
out=$(cd "$folder" && pwd)/$(basename "$1")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$binary" "$work/gse-chat"
! command -v strip > /dev/null || strip "$work/gse-chat"
chmod 755 "$work/gse-chat"
printf '%s\n' "$title" > "$work/version.txt"
cat > "$work/start.sh" <<'START'
#!/bin/sh
# The title is the package's own, so that every fleet of this package shows it.
cd "$(dirname "$0")" && exec ./gse-chat --title "$(cat version.txt)" "$@"
START
chmod 755 "$work/start.sh"
case $out in
    *.zip) ;;
    *)
        mkdir -p "$out"
        cp "$work"/* "$out"
        echo "$out"
        exit 0
        ;;
esac
rm -f "$out"
(cd "$work" && cmake -E tar cf "$out" --format=zip gse-chat start.sh version.txt)
echo "$out: $(wc -c < "$out") bytes"
