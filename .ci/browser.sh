#!/usr/bin/env bash
# Make a Chromium available to the browser tests, from the system's packages.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing Chromium for the browser tests (apt-get install chromium fonts-noto-cjk)"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null
  exit 0
fi
cat >&2 <<'MESSAGE'
The browser tests need Chromium, which is not installed and cannot be installed by this user.
Install it with your system's packages, for example:
  sudo apt-get install chromium fonts-noto-cjk      (Debian, Ubuntu)
  sudo dnf install chromium google-noto-sans-cjk-fonts   (Fedora)
  brew install --cask chromium                      (macOS)
and run the same command again.
MESSAGE
exit 1
