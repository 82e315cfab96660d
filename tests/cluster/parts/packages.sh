# Which Debian packages the bed needs, and which of this machine it runs with: recorded by version and sha256 in `packages.lock`.

# What is looked for, and the package that has it. gcc, because Rust links with it and the pause image is C; pip fetches Airflow's wheels;
# curl and git are the tests'.
NEEDS="
/etc/ssl/certs/ca-certificates.crt ca-certificates
curl                               curl
gcc                                gcc
git                                git
ip                                 iproute2
ipset                              ipset
iptables                           iptables
knotd                              knot
knsupdate                          knot-dnsutils
/usr/include/stdio.h               libc6-dev
openssl                            openssl
pip                                python3-pip
python3                            python3
runc                               runc
skopeo                             skopeo
rsyslogd                           rsyslog
/usr/share/doc/rsyslog-openssl     rsyslog-openssl
squid                              squid-openssl
nsenter                            util-linux
"
# Those that some runs ask for, or some machines: they are recorded like the others.
PACKAGES="$(awk 'NF { print $2 }' <<<"$NEEDS" | tr '\n' ' ')chromium kmod strace"

# `[PROGRAM…]`: further ones, each in a package of its own name.
missing_packages() {
  local what package
  for package; do command -v "$package" >/dev/null || echo "$package"; done
  while read -r what package; do
    case $what in
      '') ;;
      /*) [ -e "$what" ] || echo "$package" ;;
      *) command -v "$what" >/dev/null || echo "$package" ;;
    esac
  done <<<"$NEEDS"
  # A module has to be loaded, and a small Debian can't.
  [ -e /proc/sys/net/bridge ] || command -v modprobe >/dev/null || echo kmod
}

# `[PROGRAM…]`: installs what is missing, and these; does nothing, and needs no rights, where nothing is.
install_packages() {
  local missing rule=${POLICY_RC:-/usr/sbin/policy-rc.d}
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  check_root
  command -v apt-get >/dev/null || give_up "missing programs; they are in these Debian packages: $missing"
  say "installing $missing"
  # knot, rsyslog, and squid bring services. The bed starts its own servers, and the machine shall have none: not now, not at its next start.
  ! grep -qs "$OUR_RULE" "$rule" || rm -f "$rule"
  if [ ! -e "$rule" ]; then
    # shellcheck disable=SC2064
    trap "rm -f '$rule'" EXIT
    printf '#!/bin/sh\n# %s\nexit 101\n' "$OUR_RULE" >"$rule"
    chmod 755 "$rule"
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  case " $missing" in *" knot "*) systemctl disable --quiet knot.service 2>/dev/null || true ;; esac
  case " $missing" in *" rsyslog "*) systemctl disable --quiet rsyslog.service syslog.socket 2>/dev/null || true ;; esac
  case " $missing" in *" squid-openssl "*) systemctl disable --quiet squid.service 2>/dev/null || true ;; esac
}
OUR_RULE="of Airlock's test bed, while it installs packages: no service is started"

# Compares this machine with the record. Where the archive has moved on, the bed's own record takes over, and the difference is told once.
compare_packages() {
  local here=$BED/packages.lock recorded=$HERE/packages.lock installed
  installed=$(installed_packages)
  for record in "$here" "$recorded"; do
    [ -n "$(comm -23 <(echo "$installed") <(cut -d' ' -f1,2 "$record" 2>/dev/null | LC_ALL=C sort))" ] || return 0
  done
  lock_packages >"$here.new"
  mv "$here.new" "$here"
  say "packages  other versions than recorded; the bed goes on with these ($here):"
  comm -23 <(echo "$installed") <(cut -d' ' -f1,2 "$recorded" | LC_ALL=C sort) |
    while read -r name version; do say "          $name $version (recorded: $(awk -v name="$name" '$1 == name { print $2 }' "$recorded"))"; done
}

# `NAME VERSION`, sorted. dpkg fails when one is unknown here; what the bed can't do without is `check_machine`'s to say.
installed_packages() { { dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' $PACKAGES 2>/dev/null || true; } | awk '$3 == "ii" {print $1, $2}' | LC_ALL=C sort; }

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
