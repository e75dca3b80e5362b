# Dumps the ML Metadata database into one consistent, complete, compressed file, and removes old
# ones. Runs may go on meanwhile. The password is in MYSQL_PWD, which the client reads.
set -euo pipefail
umask 077

file="$BACKUP_FOLDER/deepfake-metadata-$(date -u +%Y%m%dT%H%M%SZ).sql.gz"
trap 'rm -f "$file.partial"' EXIT

mariadb-dump --host="$METADATA_HOST" --port="$METADATA_PORT" --user="$METADATA_USERNAME" \
    --protocol=tcp --single-transaction --quick --hex-blob --default-character-set=utf8mb4 \
    "$METADATA_DATABASE" | gzip >"$file.partial"

# The last line is only there when the dump came to its end.
if ! gzip -dc "$file.partial" | tail -n 1 | grep -q '^-- Dump completed'; then
    echo "backup: the dump is incomplete; nothing is kept of it, older ones stay" >&2
    exit 1
fi
mv "$file.partial" "$file"
echo "backup: $file, $(stat -c %s "$file") bytes"

# Only after a success: a server that is gone for weeks does not cost the last good dump.
find "$BACKUP_FOLDER" -name 'deepfake-metadata-*.sql.gz' -mtime "+$KEEP_DAYS" -print -delete |
    sed 's/^/backup: removed /'
