# Writes one database to a file before it is dropped, as the role that owns it. The password goes by a file that only this user can
# read, as libpq asks for it.
set -eu
umask 077
host=$1 database=$2 file=/dumps/$3
password=$(cat /etc/airlock/role/value)
printf '%s:5432:*:%s:%s\n' "$host" "$database" "$password" >/tmp/pgpass
export PGPASSFILE=/tmp/pgpass PGHOST=$host PGUSER=$database PGDATABASE=$database PGSSLMODE=verify-full PGSSLROOTCERT=/etc/airlock/internal-ca/ca.crt
programs=/usr/lib/postgresql/17/bin
# Until the policies know a new pod, its connections are blocked.
tries=0
until "$programs/pg_isready" --quiet; do
  tries=$((tries + 1))
  [ "$tries" -le 60 ] || { echo "the database server does not answer" >&2; exit 1; }
  sleep 1
done
# The mark of an earlier dump goes before that dump does.
if ! told=$("$programs/psql" --no-psqlrc --quiet --command="COMMENT ON DATABASE $database IS NULL" 2>&1); then
  echo "$told" >&2
  case $told in
    # A role that is not there and one with another password are refused alike. Whether there is a database, and whether it was kept,
    # is seen by the Job that drops it.
    *'password authentication failed'* | *"database \"$database\" does not exist"*) echo "nothing is kept: $database is not let in"; exit 0 ;;
    *) exit 1 ;;
  esac
fi
# A dump of an earlier try may be older than what the database holds by now: it is kept beside the new one.
[ ! -e "$file" ] || mv "$file" "$file.$(date -u +%Y%m%dT%H%M%SZ)"
trap 'rm -f "$file.new"' EXIT
"$programs/pg_dump" --format=custom --file="$file.new"
mv "$file.new" "$file"
# Only with this mark is it dropped.
"$programs/psql" --no-psqlrc --quiet --command="COMMENT ON DATABASE $database IS 'kept in $3'"
sha256sum "$file"
