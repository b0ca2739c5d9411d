"""The repositories that Bazel itself would otherwise download."""

def _debian_bazel_impl(ctx):
    root = ctx.path(ctx.attr.path)
    if not root.exists:
        fail("\n\n  Bazel's repository @{} is not at {}.\n  Install it: apt-get install {}\n".format(
            ctx.name,
            ctx.attr.path,
            ctx.attr.debian_package,
        ))
    for entry in root.readdir():
        ctx.symlink(entry, entry.basename)

debian_bazel = repository_rule(
    implementation = _debian_bazel_impl,
    attrs = {
        "debian_package": attr.string(mandatory = True),
        "path": attr.string(mandatory = True),
    },
    local = True,
    doc = "A Bazel repository out of a Debian package.",
)

# Debian's own rules_cc (0.0.4) does not load in Debian's Bazel (4.2.3), whose
# C++ rules are built in anyway: handing those on is all that is needed.
_RULES_CC_DEFS = """\
def cc_library(**kwargs):
    native.cc_library(**kwargs)

def cc_binary(**kwargs):
    native.cc_binary(**kwargs)

def cc_test(**kwargs):
    native.cc_test(**kwargs)

def cc_import(**kwargs):
    native.cc_import(**kwargs)

def cc_toolchain(**kwargs):
    native.cc_toolchain(**kwargs)

def cc_toolchain_suite(**kwargs):
    native.cc_toolchain_suite(**kwargs)

def cc_proto_library(**kwargs):
    native.cc_proto_library(**kwargs)

def objc_library(**kwargs):
    native.objc_library(**kwargs)
"""

def _rules_cc_shim_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"rules_cc\")\n")
    ctx.file("BUILD.bazel", "")
    ctx.file("cc/BUILD.bazel", "exports_files([\"defs.bzl\"])\n")
    ctx.file("cc/defs.bzl", _RULES_CC_DEFS)

rules_cc_shim = repository_rule(
    implementation = _rules_cc_shim_impl,
    doc = "@rules_cc: the native C++ rules under the names people load.",
)

# `bazel test` resolves these two labels even when coverage is off.
_COVERAGE_BUILD = """\
package(default_visibility = ["//visibility:public"])

sh_binary(name = "coverage_report_generator", srcs = ["nothing.sh"])

sh_binary(name = "lcov_merger", srcs = ["nothing.sh"])
"""

def _coverage_tools_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"remote_coverage_tools\")\n")
    ctx.file("BUILD.bazel", _COVERAGE_BUILD)
    ctx.file("nothing.sh", "#!/bin/sh\nexit 0\n", executable = True)

coverage_tools = repository_rule(
    implementation = _coverage_tools_impl,
    doc = "@remote_coverage_tools: does nothing, but exists.",
)
