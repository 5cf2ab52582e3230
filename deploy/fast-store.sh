#!/bin/sh
# Builds the fast store and caches it outside the checkout; it takes the default store's place at its next start.
set -eu
home=${WELLHEARD_HOME:-$HOME/.local/share/wellheard}
if [ -x "$home/fast-store/bin/secantusd-rs" ]; then echo "The fast store is there: $home/fast-store"; exit 0; fi
command -v cargo >/dev/null || { echo "Building the fast store needs Rust (cargo), which is not installed here" >&2; exit 1; }
cargo install secantus-mdb --version 0.5.3-beta.196 --ignore-rust-version --locked --root "$home/fast-store"
