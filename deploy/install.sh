#!/bin/sh
# sudo sh deploy/install.sh mail.example.org             installs, with a certificate of its own (ports 80 and 443)
# sudo sh deploy/install.sh --caddy mail.example.org     behind Caddy on this machine, or --nginx
# sudo sh deploy/install.sh upgrade                      the executable beside this folder; rolls back when it fails
# sudo sh deploy/install.sh uninstall [--data]           leaves settings, key and database unless --data is given
#
# Debian, or another Linux with systemd. Run it again as often as you like: it keeps the key and the settings.
set -eu

root=${DESTDIR:-} # another folder than /, to look at what it would do
here=$(cd "$(dirname "$0")" && pwd)
program=$root/usr/local/bin/email-connector
config=$root/etc/email-connector
state=$root/var/lib/email-connector
kept=$root/var/lib/email-connector-previous
units=$root/etc/systemd/system

fail() {
  echo "$*" >&2
  exit 1
}

# Each file is written beside its place and moved there: after a failure it is whole or absent.
place() { # MODE TARGET, content on standard input
  mkdir -p "$(dirname "$2")"
  (umask 077 && cat >"$2.new") || { rm -f "$2.new"; fail "$2 cannot be written."; }
  chmod "$1" "$2.new"
  mv "$2.new" "$2"
}

# Accepts a host, or an https address with or without a slash at its end. Prints the host in lower case.
to_host() {
  host=$(printf '%s' "$1" | tr '[:upper:]' '[:lower:]')
  case $host in
  http://*) fail "Claude reaches https addresses only. Give the host name: ${host#http://}" ;;
  https://*) host=${host#https://} ;;
  esac
  host=${host%%/}
  case $host in *[!a-z0-9.-]*) host= ;; esac
  [ ${#host} -le 253 ] && printf '%s\n' "$host" |
    grep -Eqx '([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?' ||
    fail "$1 is not a host name such as mail.example.org (without a port or a path; an IP address gets no certificate)."
  printf '%s\n' "$host"
}

find_executable() {
  case $(uname -m) in
  x86_64) target=linux-x64 ;;
  aarch64) target=linux-arm64 ;;
  *) target=unknown ;;
  esac
  for file in "$here/../dist/email-connector" "$here/../email-connector" "$here/../email-connector-$target" \
    "$here/../email-connector-$target-musl"; do
    [ -f "$file" ] || continue
    chmod +x "$file" 2>/dev/null || true
    # It has to run here before anything is replaced by it: another processor, another C library.
    "$file" version >/dev/null 2>&1 && { printf '%s\n' "$file"; return; }
    echo "$file does not run on this machine." >&2
  done
  fail "There is no executable beside this folder that runs here: put the released file there, or build it."
}

write_units() {
  place 0644 "$units/email-connector.service" <"$here/email-connector.service"
  place 0644 "$units/email-connector-backup.service" <"$here/email-connector-backup.service"
  place 0644 "$units/email-connector-backup.timer" <"$here/email-connector-backup.timer"
  # Behind a proxy it needs no port below 1024, and gets no capability at all.
  dropin=$units/email-connector.service.d/proxy.conf
  if grep -q '^HTTPS=acme' "$config/settings"; then
    rm -f "$dropin"
  else
    printf '[Service]\nExecStartPre=\nCapabilityBoundingSet=\nAmbientCapabilities=\nPrivateUsers=yes\n' | place 0644 "$dropin"
  fi
}

write_proxy() { # caddy|nginx HOST
  case $1 in
  caddy)
    file=$root/etc/caddy/Caddyfile
    grep -qsxF "$2 {" "$file" && return
    [ ! -e "$file" ] || [ -e "$file.before" ] || cp "$file" "$file.before"
    sed "s/{\$SITE:mail\.example\.org}/$2/; s/mail\.example\.org/$2/" "$here/Caddyfile" | place 0644 "$file"
    ;;
  nginx)
    file=$root/etc/nginx/conf.d/email-connector.conf
    [ -e "$file" ] || sed "s/mail\.example\.org/$2/g" "$here/nginx.conf" | place 0644 "$file"
    ;;
  esac
}

# Starts the service and waits until it answers. Nothing to start when only files were wanted.
start_service() {
  [ -z "$root" ] || return 0
  systemctl daemon-reload
  systemctl enable email-connector email-connector-backup.timer
  systemctl restart email-connector-backup.timer
  systemctl restart email-connector && "$program" ready --wait 30
}

install_all() { # https|caddy|nginx HOST
  executable=$(find_executable)
  install -d -m 0700 "$config"
  [ -s "$config/server.key" ] || head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' | place 0600 "$config/server.key"
  if [ ! -s "$config/settings" ]; then
    case $1 in
    https) change= ;;
    *) change='s/^HTTPS=acme/#HTTPS=acme/; s/^#TRUSTED_PROXIES/TRUSTED_PROXIES/' ;;
    esac
    sed "s/mail\.example\.org/$2/; $change" "$here/settings" | place 0600 "$config/settings"
  fi
  grep -qx "PUBLIC_URL=https://$2" "$config/settings" ||
    echo "$config/settings has another PUBLIC_URL than https://$2: set it, and restart email-connector." >&2
  [ "$1" = https ] || write_proxy "$1" "$2"
  write_units
  place 0755 "$program" <"$executable"
  [ -z "$root" ] || return 0
  if [ "$1" = https ]; then :; else systemctl reload-or-restart "$1" || echo "$1 did not start: is it installed, and its configuration right?" >&2; fi
  start_service || { journalctl -u email-connector -n 8 >&2; fail "email-connector does not answer. The lines above say why; everything is in its place, so run this again after the change."; }
  echo "Keep a copy of $config/server.key apart from your backups. What to type into Claude: journalctl -u email-connector, or cat $state/client.json"
}

# Keeps one copy of the executable, the units and the database, and goes back to them when the new one does not answer.
upgrade() {
  [ -x "$program" ] || fail "email-connector is not installed: name the host, such as mail.example.org"
  executable=$(find_executable)
  rm -rf "$kept.new"
  install -d -m 0700 "$kept.new"
  cp -p "$program" "$kept.new/email-connector"
  cp -p "$units/email-connector.service" "$kept.new/"
  [ ! -e "$state/email-connector.db" ] || "$program" backup "$kept.new/email-connector.db" >/dev/null ||
    fail "The database could not be copied; nothing was changed."
  rm -rf "$kept"
  mv "$kept.new" "$kept"
  [ -n "$root" ] || systemctl stop email-connector
  # What was written since the first copy.
  if [ -e "$kept/email-connector.db" ]; then
    rm -f "$kept/email-connector.db"
    "$program" backup "$kept/email-connector.db" >/dev/null || { systemctl start email-connector; fail "The database could not be copied; nothing was changed."; }
  fi
  write_units
  place 0755 "$program" <"$executable"
  if start_service; then
    echo "Upgraded to $("$program" version). $kept has the former executable and database."
    return
  fi
  journalctl -u email-connector -n 8 >&2 || true
  systemctl stop email-connector || true
  place 0755 "$program" <"$kept/email-connector"
  place 0644 "$units/email-connector.service" <"$kept/email-connector.service"
  if [ -e "$kept/email-connector.db" ]; then
    rm -f "$state/email-connector.db-wal" "$state/email-connector.db-shm"
    # Written into the file that is there, which keeps its owner.
    cat "$kept/email-connector.db" >"$state/email-connector.db"
  fi
  start_service || fail "The new version did not answer, and neither does the former one. Its files are in their places, and in $kept."
  fail "The new version did not answer. The former one runs again, with its database as it was before the upgrade."
}

uninstall() {
  if [ -z "$root" ]; then
    systemctl disable --now email-connector email-connector-backup.timer || true
  fi
  rm -rf "$program" "$units/email-connector.service" "$units/email-connector.service.d" \
    "$units/email-connector-backup.service" "$units/email-connector-backup.timer" "$kept"
  [ -n "$root" ] || systemctl daemon-reload
  if [ "${1:-}" = --data ]; then
    rm -rf "$config" "$(readlink -f "$state" || echo "$state")" "$state"
    echo "email-connector, its settings, key and database are deleted. Backups in /var/backups/email-connector are not."
  else
    echo "email-connector is removed. $config and $state are still there: uninstall --data deletes them."
  fi
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "Only root may do this: sudo sh $0 $*"
mode=https
case ${1:-} in
upgrade) upgrade && exit ;;
uninstall) uninstall "${2:-}" && exit ;;
--caddy | --nginx | --https) mode=${1#--} && shift ;;
-*) fail "There is no option $1: --caddy, --nginx" ;;
esac
[ -n "${1:-}" ] || fail "name the host, such as mail.example.org"
host=$(to_host "$1")
install_all "$mode" "$host"
