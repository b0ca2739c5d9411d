"""The C++ rules of lev's own BUILD files: the native ones plus lev's flags.

Warnings become errors in .bazelrc and not here: a consumer who builds lev with
a newer compiler must not be stopped by a new warning.
"""

_COPTS = [
    "-std=c++20",
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
    # gcc 12 calls it a dangling pointer when a stack object is linked into an
    # intrusive list, although its destructor takes it out again.
    "-Wno-dangling-pointer",
    # gcc 12 finds an impossible overlap inside std::string (its bug 105329).
    "-Wno-restrict",
    # clang does not know every name in this list.
    "-Wno-unknown-warning-option",
]

# lev throws nothing, and hides what it does not mean to show. Tests are spared
# both: GoogleTest wants exceptions.
_LIBRARY_COPTS = _COPTS + [
    "-fno-exceptions",
    "-fvisibility=hidden",
    "-fvisibility-inlines-hidden",
]

# Only clang acts on these: every include must come from a direct dependency,
# and every header must compile on its own.
_FEATURES = ["layering_check", "parse_headers"]

def lev_cc_library(name, copts = [], features = [], **kwargs):
    """A cc_library of lev. Linked statically: its symbols are hidden."""
    native.cc_library(
        name = name,
        copts = _LIBRARY_COPTS + copts,
        features = _FEATURES + features,
        linkstatic = True,
        **kwargs
    )

def lev_cc_binary(name, copts = [], features = [], **kwargs):
    """A program of lev."""
    native.cc_binary(
        name = name,
        copts = _LIBRARY_COPTS + copts,
        features = _FEATURES + features,
        **kwargs
    )

def lev_cc_test(name, copts = [], features = [], deps = [], size = "small", **kwargs):
    """A GoogleTest test; brings gtest, gmock and their main()."""
    native.cc_test(
        name = name,
        size = size,
        copts = _COPTS + copts,
        features = _FEATURES + features,
        linkstatic = True,
        deps = deps + ["@com_google_googletest//:gtest_main"],
        **kwargs
    )

def lev_cc_benchmark(name, copts = [], features = [], deps = [], **kwargs):
    """A Google Benchmark program; brings the library and its main()."""
    native.cc_binary(
        name = name,
        testonly = True,
        copts = _COPTS + copts,
        features = _FEATURES + features,
        deps = deps + ["@com_google_benchmark//:benchmark_main"],
        **kwargs
    )

def lev_lua_module(name, copts = [], features = [], linkopts = [], **kwargs):
    """A Lua module: `name` is its file name, as in "lev.so".

    It shows only luaopen_*; Lua's own symbols come from the program that loads
    it, so depend on @lua//:headers and never on @lua//:lua.
    """
    script = "//bazel:lua_module.lds"
    native.cc_binary(
        name = name,
        copts = _LIBRARY_COPTS + copts,
        features = _FEATURES + features,
        linkopts = ["-Wl,--version-script=$(location {})".format(script)] + linkopts,
        linkshared = True,
        additional_linker_inputs = [script],
        **kwargs
    )

def lev_embed_lua(name, src, constant):
    """The header NAME.h, in which a constant of lev::lua is the Lua text `src`."""
    native.genrule(
        name = name,
        srcs = [src],
        outs = [name + ".h"],
        cmd = """
            {{
              echo '#pragma once'
              echo '#include "absl/strings/string_view.h"'
              echo 'namespace lev::lua {{'
              echo 'inline constexpr absl::string_view {constant} ='
              printf '%s' 'R"lua('
              cat $<
              echo ')lua";'
              echo '}}  // namespace lev::lua'
            }} > $@""".format(constant = constant),
        visibility = ["//visibility:private"],
    )
