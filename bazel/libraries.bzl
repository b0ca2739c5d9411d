"""Which library lives under which label, and who knows how to link it.

The labels are those of the libraries' own Bazel builds, so that a workspace
can swap the real sources in. To add a library or a label, add a row:

    targets       label -> the pkg-config modules that it stands for
    headers_only  labels that get the compile flags but link nothing
    linkopts      label -> link flags that pkg-config does not know
    header_root   where its headers are, below the system's include directory
    headers       label -> its headers, if not the one that is named like it;
                  only the layering check wants to know
    debian_package, to be named when a module is missing
"""

_ABSEIL = {
    "//absl/algorithm:container": ["absl_algorithm_container"],
    "//absl/base": ["absl_base"],
    "//absl/base:config": ["absl_config"],
    "//absl/base:core_headers": ["absl_core_headers"],
    "//absl/base:log_severity": ["absl_log_severity"],
    "//absl/cleanup": ["absl_cleanup"],
    "//absl/container:fixed_array": ["absl_fixed_array"],
    "//absl/container:flat_hash_map": ["absl_flat_hash_map"],
    "//absl/container:flat_hash_set": ["absl_flat_hash_set"],
    "//absl/container:inlined_vector": ["absl_inlined_vector"],
    "//absl/container:node_hash_map": ["absl_node_hash_map"],
    "//absl/container:node_hash_set": ["absl_node_hash_set"],
    "//absl/debugging:stacktrace": ["absl_stacktrace"],
    "//absl/debugging:symbolize": ["absl_symbolize"],
    "//absl/functional:any_invocable": ["absl_any_invocable"],
    "//absl/functional:bind_front": ["absl_bind_front"],
    "//absl/functional:function_ref": ["absl_function_ref"],
    "//absl/hash": ["absl_hash"],
    "//absl/memory": ["absl_memory"],
    "//absl/meta:type_traits": ["absl_type_traits"],
    "//absl/numeric:bits": ["absl_bits"],
    "//absl/numeric:int128": ["absl_int128"],
    "//absl/random": ["absl_random_random"],
    "//absl/status": ["absl_status"],
    "//absl/status:statusor": ["absl_statusor"],
    "//absl/strings": ["absl_strings"],
    "//absl/strings:cord": ["absl_cord"],
    "//absl/strings:str_format": ["absl_str_format"],
    "//absl/synchronization": ["absl_synchronization"],
    "//absl/time": ["absl_time"],
    "//absl/types:optional": ["absl_optional"],
    "//absl/types:span": ["absl_span"],
    "//absl/types:variant": ["absl_variant"],
    "//absl/utility": ["absl_utility"],
}

_ABSEIL_HEADERS = {
    "//absl/base:base": ["call_once.h", "casts.h"],
    "//absl/base:config": ["config.h", "options.h", "policy_checks.h"],
    "//absl/base:core_headers": [
        "attributes.h",
        "const_init.h",
        "macros.h",
        "optimization.h",
        "port.h",
        "thread_annotations.h",
    ],
    "//absl/random:random": [
        "distributions.h",
        "random.h",
        "seed_sequences.h",
    ],
    "//absl/status:status": ["status.h", "status_payload_printer.h"],
    "//absl/strings:strings": [
        "ascii.h",
        "charconv.h",
        "escaping.h",
        "match.h",
        "numbers.h",
        "str_cat.h",
        "str_join.h",
        "str_replace.h",
        "str_split.h",
        "string_view.h",
        "strip.h",
        "substitute.h",
    ],
    "//absl/synchronization:synchronization": [
        "barrier.h",
        "blocking_counter.h",
        "mutex.h",
        "notification.h",
    ],
    "//absl/time:time": ["civil_time.h", "clock.h", "time.h"],
}

LIBRARIES = {
    "c_ares": {
        "targets": {"//:ares": ["libcares"]},
        "debian_package": "libc-ares-dev",
    },
    "com_google_absl": {
        "targets": _ABSEIL,
        "header_root": "absl",
        "headers": _ABSEIL_HEADERS,
        "debian_package": "libabsl-dev",
    },
    "com_google_benchmark": {
        "targets": {
            "//:benchmark": ["benchmark"],
            "//:benchmark_main": ["benchmark"],
        },
        "linkopts": {"//:benchmark_main": ["-lbenchmark_main"]},
        "debian_package": "libbenchmark-dev",
    },
    "com_google_googletest": {
        "targets": {
            "//:gtest": ["gmock", "gtest"],
            "//:gtest_main": ["gtest_main", "gmock", "gtest"],
        },
        "debian_package": "libgtest-dev libgmock-dev",
    },
    "liburing": {
        "targets": {"//:liburing": ["liburing"]},
        "debian_package": "liburing-dev",
    },
    # A module must leave Lua's symbols to the program that loads it (two Lua
    # cores in one process corrupt each other): it depends on :headers only.
    "lua": {
        "targets": {
            "//:headers": ["lua5.4"],
            "//:lua": ["lua5.4"],
        },
        "headers_only": ["//:headers"],
        "debian_package": "liblua5.4-dev",
    },
    "nlohmann_json": {
        "targets": {"//:json": ["nlohmann_json"]},
        "debian_package": "nlohmann-json3-dev",
    },
    "openssl": {
        "targets": {
            "//:crypto": ["libcrypto"],
            "//:ssl": ["libssl", "libcrypto"],
        },
        "debian_package": "libssl-dev",
    },
}
