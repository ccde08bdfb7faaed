#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches the scripts of others that the page serves, in the versions named here, and writes
# VENDOR.md beside them. Needs npm. Run it from the root of the repository.
set -eu

HTMX=4.0.1
UPLOT=1.6.32

target=$(CDPATH='' cd -- "$(dirname -- "$0")/../pdu_agent/web/pages/static/vendor" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# $1: package and version, as npm names it.
fetch() {
    tar xzf "$(npm pack --silent "$1")"
}

# $1: file in the package, $2: what it is, $3: version, $4: licence.
take() {
    cp "package/$1" "$target/$(basename "$1")"
    printf '| %s | %s | %s | %s | `%s` |\n' "$(basename "$1")" "$2" "$3" "$4" \
        "$(sha256sum "package/$1" | cut -d' ' -f1)" >> "$work/VENDOR.md"
}

cat > VENDOR.md <<'TEXT'
# Files of others

Served as they are; `contrib/refresh-vendored.sh` fetches them and writes this table. Their
licences stand beside them.

| File | Package | Version | Licence | SHA-256 |
|---|---|---|---|---|
TEXT

fetch "htmx.org@$HTMX"
take dist/htmx.min.js htmx.org "$HTMX" 0BSD
cp package/LICENSE "$target/htmx.LICENSE"
rm -rf package

fetch "uplot@$UPLOT"
take dist/uPlot.iife.min.js uplot "$UPLOT" MIT
take dist/uPlot.min.css uplot "$UPLOT" MIT
cp package/LICENSE "$target/uplot.LICENSE"

cp VENDOR.md "$target/VENDOR.md"
