#!/bin/sh
# Sees that the system libraries for a real window without a screen are there.
# Root on Debian or Ubuntu: installs what is missing; anyone else is told what to do.
set -eu
needed="xvfb xauth libgl1 libegl1 libgl1-mesa-dri libglx-mesa0 libglib2.0-0
libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4
libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
libxcb-xinerama0 libxcb-xkb1 fonts-dejavu-core xdotool openbox"
# Checks DICOM files; the tests that use it are skipped without it.
wished="dicom3tools"

if ! command -v dpkg-query >/dev/null; then
    command -v xvfb-run >/dev/null && exit 0
    echo "xvfb-run is missing: the tests open a real window in a virtual screen. Install Xvfb." >&2
    exit 1
fi

# A package may stand in for another, as libglib2.0-0t64 does for libglib2.0-0.
present=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}, ${Provides},\n' |
    sed -n 's/^installed //p' | sed 's/([^)]*)//g' | tr -d ' ' | tr ',' '\n')
absent() {
    for package in "$@"; do
        echo "$present" | grep -qxF "$package" || printf ' %s' "$package"
    done
}
# shellcheck disable=SC2086 - one word per package
missing=$(absent $needed) wished=$(absent $wished)
[ -n "$missing$wished" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    [ -n "$missing" ] || exit 0
    echo "Missing system libraries:$missing" >&2
    echo "Install them, then call this again:" >&2
    echo "    sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "Installing system libraries:$missing$wished" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 - one word per package
install() {
    apt-get install -y -qq --no-install-recommends $1 >/dev/null
}
if [ -n "$missing" ]; then
    apt-get update -qq
    install "$missing"
fi
if [ -n "$wished" ] && ! { apt-get update -qq && install "$wished"; }; then
    echo "Not to be had:$wished. The tests that use it are skipped." >&2
fi
