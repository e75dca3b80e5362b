# Puts a dump of backup.sh back, in place of what the database holds. No run may be going on.
# RESTORE_FILE names the dump; the newest one if empty.
set -euo pipefail

file="${RESTORE_FILE:-$(find "$BACKUP_FOLDER" -name 'deepfake-metadata-*.sql.gz' | sort | tail -n 1)}"
if [[ ! -f "$file" ]]; then
    echo "restore: no dump ${RESTORE_FILE:-in $BACKUP_FOLDER}; there are:" >&2
    ls "$BACKUP_FOLDER" >&2
    exit 1
fi

client() {
    mariadb --host="$METADATA_HOST" --port="$METADATA_PORT" --user="$METADATA_USERNAME" \
        --protocol=tcp --default-character-set=utf8mb4 "$@"
}

gzip -t "$file"
# Tables that the dump does not know would stay behind otherwise. The account may drop and make its
# own database.
client --execute="DROP DATABASE IF EXISTS \`$METADATA_DATABASE\`;
    CREATE DATABASE \`$METADATA_DATABASE\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
gzip -dc "$file" | client "$METADATA_DATABASE"
echo "restore: $file is back in $METADATA_DATABASE"
