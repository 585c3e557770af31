#!/usr/bin/env bash
# Installs what Social Sentinel needs on Debian 12 (Ubuntu as a best effort) and is not there yet: a C compiler and nasm
# for the image encoders, Chromium, PostgreSQL and Redis. Services of the host are neither started nor changed: the demo
# and the tests run private ones of their own.
set -euo pipefail

missing=()
need() { # package, then any number of ways to see that it is there
  local package=$1; shift
  for sign in "$@"; do
    # A sign with a slash is a path that may hold wildcards, any other is a command.
    case $sign in
      */*) compgen -G "$sign" >/dev/null && return 0 ;;
      *) command -v "$sign" >/dev/null 2>&1 && return 0 ;;
    esac
  done
  missing+=("$package")
}

need gcc cc
need libc6-dev '/usr/include/stdio.h'
need nasm nasm
need util-linux setpriv
need procps /bin/kill
need redis-server redis-server
need postgresql '/usr/lib/postgresql/*/bin/initdb' initdb
need fonts-liberation '/usr/share/fonts/truetype/liberation*/*.ttf'
need fonts-noto-color-emoji '/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf'
if [ -z "$(command -v chromium-headless-shell || true)" ] && command -v apt-cache >/dev/null 2>&1; then
  # The headless shell starts ten times faster than full Chromium; where a release lacks it, full Chromium serves.
  need chromium-headless-shell chromium-headless-shell
fi

[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "setup: missing: ${missing[*]}. This script knows apt-get only; please install these with your package manager." >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "setup: missing: ${missing[*]}. Install them as root, or install sudo." >&2; exit 1; }
  as_root=(sudo)
fi

# Debian starts a service as soon as its package is installed. Ours are private, so the host's stay off: a policy file
# says so while we install, and is taken away again. One that is already there is the host's own and is left alone.
policy=/usr/sbin/policy-rc.d
own_policy=false
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  own_policy=true
fi
trap '[ "$own_policy" = true ] && "${as_root[@]}" rm -f "$policy"' EXIT

echo "setup: installing with apt-get: ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq
if ! apt-cache show chromium-headless-shell >/dev/null 2>&1; then
  missing=("${missing[@]/chromium-headless-shell/chromium}")
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "setup: done" >&2
