#!/bin/sh
# Sees that the system libraries for a real window without a screen are there.
# Root on Debian or Ubuntu: installs what is missing; anyone else is told what to do.
set -eu
needed="xvfb xauth libgl1 libegl1 libgl1-mesa-dri libglx-mesa0 libglib2.0-0
libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4
libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
libxcb-xinerama0 libxcb-xkb1 fonts-dejavu-core"

if ! command -v dpkg-query >/dev/null; then
    command -v xvfb-run >/dev/null && exit 0
    echo "xvfb-run is missing: the tests open a real window in a virtual screen. Install Xvfb." >&2
    exit 1
fi

# A package may stand in for another, as libglib2.0-0t64 does for libglib2.0-0.
present=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}, ${Provides},\n' |
    sed -n 's/^installed //p' | sed 's/([^)]*)//g' | tr -d ' ' | tr ',' '\n')
missing=
for package in $needed; do
    echo "$present" | grep -qxF "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "Missing system libraries:$missing" >&2
    echo "Install them, then call this again:" >&2
    echo "    sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "Installing system libraries:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 - one word per package
apt-get install -y -qq --no-install-recommends $missing >/dev/null
