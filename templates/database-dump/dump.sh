# Writes one database to a file before it is dropped. The password goes by a file that only this user can read, as libpq asks
# for it.
set -eu
umask 077
host=$1 database=$2 file=/dumps/$3
password=$(cat /etc/airlock/superuser/value)
printf '%s:5432:*:airlock:%s\n' "$host" "$password" >/tmp/pgpass
export PGPASSFILE=/tmp/pgpass PGHOST=$host PGUSER=airlock PGSSLMODE=verify-full PGSSLROOTCERT=/etc/airlock/internal-ca/ca.crt
programs=/usr/lib/postgresql/17/bin
# Until the policies know a new pod, its connections are blocked.
tries=0
until "$programs/pg_isready" --quiet; do
  tries=$((tries + 1))
  [ "$tries" -le 60 ] || { echo "the database server does not answer" >&2; exit 1; }
  sleep 1
done
found=$("$programs/psql" --no-psqlrc --tuples-only --no-align --dbname=postgres --command="SELECT 1 FROM pg_database WHERE datname = '$database'")
if [ -z "$found" ]; then
  # An earlier run kept it and dropped it.
  echo "there is no database $database"
  exit 0
fi
# A dump of an earlier try may be older than what the database holds by now: it is kept beside the new one.
[ ! -e "$file" ] || mv "$file" "$file.$(date -u +%Y%m%dT%H%M%SZ)"
trap 'rm -f "$file.new"' EXIT
"$programs/pg_dump" --format=custom --dbname="$database" --file="$file.new"
mv "$file.new" "$file"
sha256sum "$file"
