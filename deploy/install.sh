#!/bin/sh
# sudo sh deploy/install.sh mail.example.org
#
# Installs the executable, makes the server key, and puts the settings, email-connector.service and the Caddyfile in
# their places with your host name in them. Debian with systemd and Caddy; run it again after an upgrade: it keeps the
# key and the settings that are there, and a Caddyfile that serves the host already. Another one is kept as
# Caddyfile.before.
set -eu

host=${1:?name the host, such as mail.example.org}
root=${DESTDIR:-} # another folder than /, to look at what it would do
here=$(cd "$(dirname "$0")" && pwd)

binary=$here/../dist/email-connector
[ -e "$binary" ] || binary=$here/../email-connector
[ -e "$binary" ] || { echo "There is no executable beside this folder: bun run build makes it." >&2; exit 1; }

install -D -m 0755 "$binary" "$root/usr/local/bin/email-connector"

key=$root/etc/email-connector/server.key
install -d -m 0700 "$root/etc/email-connector"
[ -e "$key" ] || (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$key")

settings=$root/etc/email-connector/settings
[ -e "$settings" ] || (umask 077 && sed "s/mail\.example\.org/$host/" "$here/settings" >"$settings")
grep -qx "PUBLIC_URL=https://$host" "$settings" ||
  echo "$settings has another PUBLIC_URL than https://$host: set it, and restart email-connector." >&2

install -D -m 0644 "$here/email-connector.service" "$root/etc/systemd/system/email-connector.service"

install -d "$root/etc/caddy"
caddyfile=$root/etc/caddy/Caddyfile
if ! grep -qsxF "$host {" "$caddyfile"; then
  [ ! -e "$caddyfile" ] || [ -e "$caddyfile.before" ] || cp "$caddyfile" "$caddyfile.before"
  sed "s/{\$SITE:mail\.example\.org}/$host/; s/mail\.example\.org/$host/" "$here/Caddyfile" >"$caddyfile"
fi

[ -z "$root" ] || exit 0
systemctl daemon-reload
systemctl enable --now email-connector
systemctl restart email-connector
systemctl reload-or-restart caddy
sleep 2
systemctl is-active --quiet email-connector || { journalctl -u email-connector -n 5 >&2; exit 1; }
echo "Keep a copy of $key apart from your backups. What to type into Claude: journalctl -u email-connector, or cat /var/lib/email-connector/client.json"
