#!/usr/bin/env python3
"""Turns the built console (a folder) into a C++ source that holds its files, each also packed with gzip.

embed.py DIST OUT.cpp: the packed copies are written beside OUT.cpp.
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


def main() -> None:
    dist, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    # The assembler brings the bytes in: a C++ array of a megabyte takes the compiler seconds.
    symbols, table = [], []

    def include(name: str, path: pathlib.Path) -> str:
        symbols.append((name, path, hashlib.sha256(path.read_bytes()).hexdigest()))
        return f"{{{name}, static_cast<std::size_t>({name}_end - {name})}}"

    for number, file in enumerate(sorted(p for p in dist.rglob("*") if p.is_file() and not p.name.startswith("."))):
        if file.suffix == ".map":
            continue
        if file.suffix not in TYPES:
            sys.exit(f"embed.py: no content type for {file}; add {file.suffix} to TYPES")
        content = include(f"gse_console_{number}", file)
        packed_bytes = gzip.compress(file.read_bytes(), 9, mtime=0)
        packed = "{}"
        if len(packed_bytes) < file.stat().st_size * 9 // 10:
            path = out.parent / f"{number}.gz"
            path.write_bytes(packed_bytes)
            packed = include(f"gse_console_{number}_gz", path)
        table.append(f'    {{"{file.relative_to(dist).as_posix()}", "{TYPES[file.suffix]}", {content}, {packed}}},')
    if not table:
        sys.exit(f"embed.py: {dist} holds nothing")

    lines = ["// Made by console/embed.py.", '#include "console_files.h"', ""]
    for name, path, digest in symbols:
        # The digest makes this source change with the bytes, which no compiler looks at.
        lines += [
            f"// {digest}",
            f'asm(".section .rodata\\n.balign 16\\n.global {name}\\n{name}:\\n.incbin \\"{path}\\"\\n"',
            f'    ".global {name}_end\\n{name}_end:\\n.byte 0\\n.text\\n");',
            f'extern "C" const char {name}[], {name}_end[];',
        ]
    lines += [
        "",
        "namespace gse {",
        "std::span<const http::StaticFile> console_files() {",
        "    static const http::StaticFile files[] = {",
        *(f"    {row}" for row in table),
        "    };",
        "    return files;",
        "}",
        "}  // namespace gse",
        "",
    ]
    out.write_text("\n".join(lines))


main()
