# Prints how many test targets passed and how many failed, from the file of
# `bazel test --build_event_json_file`: one event to a line. A test that was not
# even built has no summary, only a completion without success.

match($0, /"label":"[^"]*"/) { label = substr($0, RSTART + 9, RLENGTH - 10) }

/^\{"id":\{"targetConfigured"/ && /"targetKind":"[a-z_]*_test rule"/ {
  is_test[label] = 1
}

/^\{"id":\{"targetCompleted"/ { built[label] = /"success":true/ }

/^\{"id":\{"testSummary"/ {
  ran[label] = 1
  passed[label] = /"overallStatus":"(PASSED|FLAKY)"/
}

END {
  for (label in is_test) {
    if (passed[label]) good++
    else if (ran[label] || !built[label]) bad++
  }
  print good + 0, bad + 0
}
