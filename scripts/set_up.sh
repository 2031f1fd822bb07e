#!/bin/sh
# Usage: scripts/set_up.sh VENV
# Makes the virtual environment VENV and installs napari-seg and napari into it,
# at the versions in constraints.txt.
# TORCH_INDEX=… takes torch from another index, in place of one from elsewhere; PYTHON=… names the
# interpreter.
set -eu
venv=$1

find_python() {
    for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    echo "napari-seg needs Python 3.11 or newer; none of python3, python3.13, python3.12, python3.11 is." >&2
    echo "Install one, or name it: make demo PYTHON=/path/to/python" >&2
    exit 1
}

python=$(find_python)
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Its path may say nothing of its version: /opt/x/bin/python.
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    echo "$python cannot make virtual environments. Install what is missing:" >&2
    echo "    sudo apt-get install -y $package" >&2
    exit 1
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip="$venv/bin/python -m pip --disable-pip-version-check"
$pip install --quiet --upgrade "pip>=25.1"
chosen="$venv/.torch_index"
if [ -n "${TORCH_INDEX:-}" ] && [ "$(cat "$chosen" 2>/dev/null)" != "$TORCH_INDEX" ]; then
    # Its dependencies come with the rest: an index of torch lacks most versions.
    # Another build of the same version would pass for installed.
    $pip install --constraint constraints.txt --index-url "$TORCH_INDEX" --no-deps \
        --force-reinstall torch
    printf '%s\n' "$TORCH_INDEX" > "$chosen"
fi
echo "Installing napari-seg and napari into $venv; the first time takes some minutes." >&2
$pip install --quiet --constraint constraints.txt --editable ".[all]"
