# What .ci/run and its parts have in common, for bash to source. Every part starts at the root of the work tree.

# rust-toolchain.toml names what is built with. Where rustup cannot fetch it, the toolchain at hand has to do.
cargo --version >/dev/null 2>&1 || export RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-stable}

root=$PWD
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export PATH="$root/.tools/bin:$root/.tools/infra/bin:$PATH"
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 SAM_CLI_TELEMETRY=0
export AWS_DEFAULT_REGION=eu-central-1 AWS_EC2_METADATA_DISABLED=true AWS_PAGER=""

# Tools that cargo installs, in versions of ours.
cargo_deny=0.20.2
cargo_cyclonedx=0.5.9

# The processor, as Lambda calls it.
case $(uname -m) in
    x86_64) processor=x86_64 ;;
    aarch64 | arm64) processor=arm64 ;;
    *) processor=none ;;
esac

step() { printf '\n== %4d s  %s\n' "$SECONDS" "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

# The documents write sudo where root is needed. Root needs none, and a small Debian has none.
if ((EUID == 0)); then
    sudo() { "$@"; }
    export -f sudo
fi

# On an arm64 machine the functions are built for arm64, which is not the default.
if [[ $processor == arm64 ]]; then
    sam() {
        local arm64=(--parameter-overrides Architecture=arm64)
        # It is the last option where it stands in docs/deploy.md, and a second one would take its place.
        [[ " $* " == *" --parameter-overrides "* ]] && arm64=(Architecture=arm64)
        case $1 in build | deploy | local) command sam "$@" "${arm64[@]}" ;; *) command sam "$@" ;; esac
    }
    cargo() { case "$1 ${2-}" in "lambda build") command cargo "$@" --arm64 ;; *) command cargo "$@" ;; esac; }
    export -f sam cargo
fi

# The functions' names: those of their folders, packages and binaries.
functions=()
for manifest in functions/*/Cargo.toml; do
    functions+=("$(basename "$(dirname "$manifest")")")
done

# Such a tool in .tools, unless one of that version is at hand.
provide_cargo_tool() { # name, version
    if [[ $(cargo "$1" --version 2>/dev/null | grep -oE '[0-9.]+$') != "$2" ]]; then
        env -u CARGO_TARGET_DIR cargo install --locked --root .tools "cargo-$1" --version "$2"
    fi
}

# Python packages in an environment of their own, made anew by the command when their list changes.
environment() { # folder, list, command
    local folder=$1 list=$2
    shift 2
    if ! cmp -s "$list" "$folder/requirements.txt"; then
        rm -rf "$folder"
        "$@"
        cp "$list" "$folder/requirements.txt"
    fi
}

# The block of that language right after the comment `<!-- MARK -->` of a document: what is shown is what is run.
block() { # document, mark, language
    local found
    found=$(awk -v mark="<!-- $2 -->" -v fence="\`\`\`$3" '
        inside && $0 == "```" { exit }
        inside { print; next }
        $0 == mark { marked = 1; next }
        marked && $0 == fence { inside = 1; next }
        marked && NF { exit }' "$1")
    [[ -n $found ]] || fail "$1 has no \`\`\`$3 block right after <!-- $2 -->"
    printf '%s\n' "$found"
}

# Starts a program in the background, its output in a log of that name, it and its children in a process group.
started=()
start() { # name, command
    local name=$1
    shift
    setsid "$@" >"$work/$name.log" 2>&1 &
    started+=($!)
}
stop() {
    local process
    for process in "${started[@]}"; do
        kill -- "-$process" 2>/dev/null || true
    done
    for process in "${started[@]}"; do
        wait "$process" 2>/dev/null || true
    done
    started=()
}
wait_for() { # seconds, what, command
    local seconds=$1 what=$2 end
    shift 2
    end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "$what did not start within $seconds s"
        sleep 0.2
    done
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

# For the trap of a part that has a folder `$work` of its own: nothing of it outlives the part.
finish() {
    local status=${1-$?}
    stop
    if ((status != 0)); then
        tail -n 40 "$work"/*.log >&2 2>/dev/null || true
        printf '\n== %4d s  FAILED in the step above, status %d\n' "$SECONDS" "$status" >&2
    fi
    rm -rf "$work"
}
