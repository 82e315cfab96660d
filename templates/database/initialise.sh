# Makes the server's folder once. What a start that was cut off left behind is thrown away.
set -eu
folder=/var/lib/postgresql/data/server
programs=/usr/lib/postgresql/17/bin
[ ! -s "$folder/PG_VERSION" ] || exit 0
rm -rf "$folder.new"
"$programs/initdb" --pgdata="$folder.new" --username=airlock --pwfile=/etc/airlock/superuser/value --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums
"$programs/postgres" --single -D "$folder.new" postgres <<'SQL'
CREATE ROLE airlock_health LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 4
REVOKE ALL ON DATABASE postgres FROM PUBLIC
REVOKE ALL ON DATABASE template1 FROM PUBLIC
GRANT CONNECT ON DATABASE postgres TO airlock_health
SQL
mv "$folder.new" "$folder"
