#!/usr/bin/env bash
# Builds librdkafka, Kafka's native client library, out of its source in an npm package, once for this user:
# into ${XDG_CACHE_HOME:-~/.cache}/tidemill/librdkafka-VERSION/. Needs npm, a C compiler, make, and the development
# files of OpenSSL (TLS, SCRAM), zlib and zstd; Debian's are installed when this runs as root. The last line is the verdict.
set -euo pipefail
version=2.15.1
package=@confluentinc/kafka-javascript@1.10.1
integrity=ada7d703bb1d3237e2292bfabf438d663b6160c9f1ac2a2406b5dc4257c81b66
target="${XDG_CACHE_HOME:-$HOME/.cache}/tidemill/librdkafka-$version"
library=librdkafka.so.1
[ "$(uname)" = Darwin ] && library=librdkafka.1.dylib
[ -f "$target/$library" ] && { echo "$target/$library is there"; exit 0; }

fail() {
    echo "librdkafka could not be built: $1"
    exit 1
}

missing=()
command -v npm >/dev/null || fail "npm is not installed"
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v make >/dev/null || missing+=(make)
command -v python3 >/dev/null || missing+=(python3)
if [ "$(uname)" = Linux ]; then
    [ -f /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
    [ -f /usr/include/zlib.h ] || missing+=(zlib1g-dev)
    [ -f /usr/include/zstd.h ] || missing+=(libzstd-dev)
fi
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || fail "install ${missing[*]}, or what your system calls them"
    root=()
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null && root=(sudo -n); } || fail "install ${missing[*]}"
    "${root[@]}" apt-get update -qq >/dev/null || true
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null \
        || fail "apt-get install ${missing[*]} failed"
fi

mkdir -p "$target"
work=$(mktemp -d "$target/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "$package" >/dev/null 2>npm.log || { tail -n 3 npm.log >&2; fail "npm cannot fetch $package"; }
archive=$(ls ./*.tgz)
actual=$( (sha256sum "$archive" 2>/dev/null || shasum -a 256 "$archive") | cut -d' ' -f1)
[ "$actual" = "$integrity" ] || fail "$package is not the package that was expected (SHA-256 $actual)"
tar xzf "$archive" package/deps/librdkafka
cd package/deps/librdkafka
{ ./configure --disable-gssapi --disable-curl && make -j"$(getconf _NPROCESSORS_ONLN)" -C src "$library"; } >"$work/build.log" 2>&1 \
    || { tail -n 20 "$work/build.log" >&2; fail "its build failed"; }
# Renamed at the end: whoever looks for the library meanwhile finds none or a whole one.
strip -S "src/$library" 2>/dev/null || true
mv "src/$library" "$target/$library.new"
mv "$target/$library.new" "$target/$library"
echo "$target/$library is built"
