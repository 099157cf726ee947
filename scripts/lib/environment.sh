# shellcheck shell=bash
# What the programs in scripts/ stand on: uv, a Python that Home Assistant accepts, and
# environments with exactly pinned versions. Sourced, never run:
#
#   source "$(dirname "${BASH_SOURCE[0]}")/lib/environment.sh"
#   provide test          # or latest, or demo; afterwards $python is the interpreter
#
# Every step looks first whether it is done already, so that calling it again costs next
# to nothing. What is private to Voltrail but not to one checkout (uv, the interpreter)
# lies in $cache; the environments lie in the checkout.

set -euo pipefail

# Without bytecode on disk each start of Home Assistant takes seconds longer, and the
# other two let strangers' packages into the environment.
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=

uv_version=0.13.8
uv_minimum=0.8.0
python_wanted='>=3.14.2,<3.15'

say() {
  echo "voltrail: $*" >&2
}

die() {
  say "$*"
  exit 1
}

# A home that is missing or read-only, as in some containers, must not stop anybody.
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
if [ -z "$cache" ] || ! mkdir -p "$cache/voltrail" 2>/dev/null || ! [ -w "$cache/voltrail" ]; then
  cache=$root/.venv-cache
  mkdir -p "$cache/voltrail"
  export UV_CACHE_DIR=${UV_CACHE_DIR:-$cache/uv}
fi
cache=$cache/voltrail

# One at a time: two programs of one checkout may be started together.
locked() {
  local lock=$1
  shift
  if command -v flock >/dev/null; then
    (
      flock 9
      "$@" 9>&-
    ) 9>"$lock"
  else
    "$@"
  fi
}

at_least() {
  [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# Take over how this machine reaches the package registry: pip may be told about a
# mirror or a certificate, and uv does not read what pip is told.
adopt_registry_settings() {
  if [ -z "${SSL_CERT_FILE:-}" ] && [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
  fi
  if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    local mirror=${PIP_INDEX_URL:-}
    [ -n "$mirror" ] || mirror=$(python3 -m pip config get global.index-url 2>/dev/null) || true
    [ -z "$mirror" ] || export UV_DEFAULT_INDEX=$mirror
  fi
}

# Make sure that `uv` is a command: the machine's own if it is recent enough, else ours.
provide_uv() {
  local own=$cache/uv-$uv_version
  if command -v uv >/dev/null && at_least "$uv_minimum" "$(uv --version 2>/dev/null | cut -d ' ' -f 2)"; then
    return
  fi
  if ! "$own/bin/uv" --version >/dev/null 2>&1; then
    say "installing uv $uv_version"
    python3 -m pip --version >/dev/null 2>&1 ||
      die "needs uv, or Python 3 with pip to install it: https://docs.astral.sh/uv/"
    rm -rf "$own" "$own.partial"
    PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
      python3 -m pip install --quiet --target "$own.partial" "uv==$uv_version" >&2
    mv "$own.partial" "$own"
  fi
  export PATH=$own/bin:$PATH
}

suits() {
  [ -n "$1" ] && [ -x "$1" ] && "$1" -c '
import bz2, ctypes, lzma, sqlite3, ssl, sys
assert (3, 14, 2) <= sys.version_info < (3, 15)' 2>/dev/null
}

search_python() {
  uv python find --system --no-project --no-python-downloads "$python_wanted" 2>/dev/null || true
}

# Set $interpreter to a Python that Home Assistant runs on, from the nearest source.
provide_interpreter() {
  local downloaded=$cache/python unpacked=$cache/python-from-debian
  interpreter=$(search_python)
  suits "$interpreter" && return
  interpreter=$(UV_PYTHON_INSTALL_DIR=$downloaded search_python)
  suits "$interpreter" && return
  interpreter=$unpacked/usr/bin/python3.14
  suits "$interpreter" && return

  say "downloading Python 3.14"
  if UV_PYTHON_INSTALL_DIR=$downloaded UV_HTTP_RETRIES=1 UV_HTTP_CONNECT_TIMEOUT=10 \
    timeout 120 uv python install --quiet --no-bin "$python_wanted" 2>/dev/null; then
    interpreter=$(UV_PYTHON_INSTALL_DIR=$downloaded search_python)
    suits "$interpreter" && return
  fi

  say "the download is out of reach; unpacking Python 3.14 from Debian's packages"
  if ! interpreter=$("$root/scripts/python-from-debian" "$unpacked" | tail -n 1) || ! suits "$interpreter"; then
    die "found no way to a Python of at least 3.14.2; install one and try again"
  fi
}

install() {
  local environment=$1 requirements=$2 interpreter=
  adopt_registry_settings
  locked "$cache/lock" provide_tools
  # What the lock's subshell found is found again at once.
  provide_uv
  provide_interpreter
  rm -f "$environment/requirements.txt"
  if ! suits "$environment/bin/python"; then
    uv venv --quiet --no-project --clear --python "$interpreter" "$environment" >&2
  fi
  say "installing Home Assistant $(sed -n 's/^homeassistant==//p' "$requirements") and what goes with it into ${environment#"$root"/}"
  uv pip sync --quiet --python "$environment/bin/python" "$requirements" >&2
  cp "$requirements" "$environment/requirements.txt"
}

# In a subshell of the lock: the next caller finds both at once.
provide_tools() {
  local interpreter=
  provide_uv
  provide_interpreter
}

up_to_date() {
  cmp -s "$2" "$1/requirements.txt" && suits "$1/bin/python"
}

install_unless_done() {
  up_to_date "$@" || install "$@"
}

# provide SET: the environment that scripts/requirements/SET.txt describes.
provide() {
  local environment=$root/.venv requirements=$root/scripts/requirements/$1.txt
  [ "$1" = test ] || environment=$root/.venv-$1
  [ -f "$requirements" ] || die "there is no set of requirements named $1"
  if ! up_to_date "$environment" "$requirements"; then
    locked "$environment.lock" install_unless_done "$environment" "$requirements"
  fi
  # shellcheck disable=SC2034 # it is what the caller asked for
  python=$environment/bin/python
}
