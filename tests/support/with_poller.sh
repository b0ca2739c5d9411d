#!/usr/bin/env bash
# with_poller.sh POLLER TEST: the test once more, over another poller.
LEV_TEST_POLLER=$1 exec "${@:2}"
