#!/usr/bin/env bash
# Kafka of ../shared/servers with more properties: broker i's file ends with the lines of BROKER_PROPERTIES_i.
#   SERVERS_HOME=folder BROKER_PROPERTIES_1=... kafka-with-properties.sh SERVERS_FOLDER [options of server start kafka]
# `server kill|revive|stop kafka` work on what this started; a revived broker keeps its properties.
set -uo pipefail
SERVERS_ROOT=$1
shift
. "$SERVERS_ROOT/common.sh"
SERVER_NAME=kafka
SERVER_RUN="$SERVERS_HOME/kafka"
mkdir -p "$SERVER_RUN/logs" "$SERVER_RUN/data"
. "$SERVERS_ROOT/kafka/kafka.sh"

eval "given_$(declare -f kafka_properties)"
kafka_properties() {
    local more="BROKER_PROPERTIES_$1"
    given_kafka_properties "$@"
    printf '%s\n' "${!more:-}"
}

server_start "$@" >&2 && cat "$SERVER_RUN/env"
