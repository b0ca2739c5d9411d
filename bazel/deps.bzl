"""All that a workspace needs before it can build lev, as one macro.

A consumer writes, in its own WORKSPACE:

    load("@lev//bazel:deps.bzl", "lev_dependencies")
    lev_dependencies()

Every repository steps back when the workspace has already declared one of the
same name, so a consumer who builds Abseil or GoogleTest from source declares
those first and lev uses them. Nothing here touches the network.
"""

load("//bazel:bazel_repos.bzl", "coverage_tools", "debian_bazel", "rules_cc_shim")
load("//bazel:libraries.bzl", "LIBRARIES")
load("//bazel:pkg_config.bzl", "pkg_config_repository")

# Repositories that Bazel itself asks for, as Debian packages them.
_BAZEL_REPOSITORIES = {
    "bazel_skylib": ("/usr/share/bazel/tools/skylib", "bazel-skylib"),
    "platforms": ("/usr/share/bazel/tools/platforms", "bazel-platforms"),
    "rules_java": ("/usr/share/bazel/rules/java", "bazel-rules-java"),
    "rules_proto": ("/usr/share/bazel/rules/proto", "bazel-rules-proto"),
}

def lev_dependencies():
    """Declares every repository lev needs and that is not declared yet."""
    for name, (path, package) in _BAZEL_REPOSITORIES.items():
        _maybe(debian_bazel, name, path = path, debian_package = package)
    _maybe(rules_cc_shim, "rules_cc")
    _maybe(coverage_tools, "remote_coverage_tools")
    for name, library in LIBRARIES.items():
        _maybe(pkg_config_repository, name, **library)

def _maybe(rule, name, **kwargs):
    if not native.existing_rule(name):
        rule(name = name, **kwargs)
