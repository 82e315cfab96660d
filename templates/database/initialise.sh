# Makes the server's folder once. What a start that was cut off left behind is thrown away.
set -eu
folder=/var/lib/postgresql/data/server
programs=/usr/lib/postgresql/17/bin
[ ! -s "$folder/PG_VERSION" ] || exit 0
rm -rf "$folder.new"
verifier=$(cat /etc/airlock/superuser-verifier/value)
# Anything else would be taken for a password.
case $verifier in
  'SCRAM-SHA-256$'*) ;;
  *) echo "the superuser's verifier is none" >&2; exit 1 ;;
esac
"$programs/initdb" --pgdata="$folder.new" --username=airlock --auth=reject --encoding=UTF8 --locale=C.UTF-8 --data-checksums
# The first statement that fails ends it, and none is written to the log.
"$programs/postgres" --single -c exit_on_error=on -c log_min_error_statement=panic -D "$folder.new" postgres <<SQL
ALTER ROLE airlock PASSWORD '$verifier'
CREATE ROLE airlock_health LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 4
REVOKE ALL ON DATABASE postgres FROM PUBLIC
REVOKE ALL ON DATABASE template1 FROM PUBLIC
GRANT CONNECT ON DATABASE postgres TO airlock_health
SQL
mv "$folder.new" "$folder"
