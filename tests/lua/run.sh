#!/usr/bin/env bash
# run.sh HOST BUSTED SPEC: the spec's own exit code is the test's.
exec "$@"
