# Which Debian packages of this machine the bed runs with: recorded by version and sha256 in `packages.lock`.

PACKAGES="ca-certificates ipset iproute2 iptables knot knot-dnsutils openssl runc skopeo util-linux"

# Compares this machine with the record. Where the archive has moved on, the bed's own record takes over, and the difference is told once.
compare_packages() {
  local here=$BED/packages.lock recorded=$HERE/packages.lock installed
  installed=$(installed_packages)
  for record in "$here" "$recorded"; do
    [ "$(cut -d' ' -f1,2 "$record" 2>/dev/null)" != "$installed" ] || return 0
  done
  lock_packages >"$here.new"
  mv "$here.new" "$here"
  say "packages  other versions than recorded; the bed goes on with these ($here):"
  diff <(cut -d' ' -f1,2 "$recorded") <(cut -d' ' -f1,2 "$here") | sed -n 's/^[<>]/          &/p' >&2 || true
}

# `NAME VERSION`, sorted. dpkg fails when one is unknown here; what the bed can't do without is `check_machine`'s to say.
installed_packages() { { dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' $PACKAGES 2>/dev/null || true; } | awk '$3 == "ii" {print $1, $2}' | sort; }

# `NAME VERSION SHA256`; the sum is the archive's, `-` where it has that version no longer
lock_packages() {
  local installed
  installed=$(installed_packages)
  # One call: each reads all of the archive's lists.
  { apt-cache show $(tr ' ' '=' <<<"$installed") 2>/dev/null || true; } |
    awk -v installed="$installed" '
      /^Package: / {name = $2} /^Version: / {version = $2} /^SHA256: / {sum[name " " version] = $2}
      END {n = split(installed, lines, "\n"); for (i = 1; i <= n; i++) print lines[i], (lines[i] in sum ? sum[lines[i]] : "-")}'
}
