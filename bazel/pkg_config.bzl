"""One repository rule: installed libraries under their canonical labels.

It asks pkg-config for the flags of each target's modules and writes a BUILD
file for each package. Libraries are linked as shared objects: Debian builds
its static archives for executables only (Abseil's hold thread-local accesses
that a shared object may not contain), and lev.so is a shared object.
"""

_PACKAGE_HEAD = """\
# Written by lev's pkg_config.bzl.
package(
    default_visibility = ["//visibility:public"],
    features = ["-layering_check", "-parse_headers"],
)
"""

_TARGET = """
cc_library(
    name = {name},
    hdrs = {hdrs},
    deps = {deps},
    defines = {defines},
    includes = {includes},
    linkopts = {linkopts},
    linkstatic = True,
)
"""

# With this in the environment a library with a `header_root` is compiled from
# copies of its headers, each the property of one label, so that clang's
# layering check can tell which label an include needs. Copies, because clang
# knows a file by its inode, and what lies in a system directory is anybody's.
_STRICT = "LEV_STRICT_HEADERS"

_ALL_HEADERS = """
exports_files(glob(["include/**"]))

cc_library(
    name = "all_headers",
    hdrs = glob(["include/**"]),
    includes = ["include"],
)
"""

def _split(flags):
    """Divides pkg-config's answer by what Bazel wants to know."""
    return struct(
        include_dirs = [f[2:] for f in flags if f.startswith("-I")],
        defines = [f[2:] for f in flags if f.startswith("-D")],
        linkopts = [f for f in flags if not f.startswith("-I") and not f.startswith("-D")],
    )

def _missing(ctx, module, reason):
    fail("\n\n  @{} needs the pkg-config module '{}', which is not installed.\n".format(ctx.name, module) +
         "  Install it: apt-get install {}\n\n  ({})\n".format(ctx.attr.debian_package, reason))

def _ask(ctx, modules):
    """The flags of `modules`, or a failure that says what to install."""
    program = ctx.which("pkg-config")
    if not program:
        fail("\n\n  lev finds its libraries through pkg-config, which is not installed.\n" +
             "  Install it: apt-get install pkg-config\n")
    for module in modules:
        found = ctx.execute([program, "--print-errors", "--exists", module])
        if found.return_code:
            _missing(ctx, module, found.stderr.strip().split("\n")[0])
    answer = ctx.execute([program, "--cflags", "--libs"] + modules)
    if answer.return_code:
        _missing(ctx, " ".join(modules), answer.stderr.strip())
    return _split([f for f in answer.stdout.strip().split(" ") if f])

def _link_include_dir(ctx, path):
    """Makes an include directory part of the repository; returns its name.

    Bazel takes no absolute include paths, and the directories the compiler
    searches by itself are not in pkg-config's answer.
    """
    name = "include" + path
    if not ctx.path(name).exists:
        ctx.symlink(path, name)
    return name

def _is_strict(ctx):
    return bool(ctx.attr.header_root) and ctx.os.environ.get(_STRICT) == "1"

def _copy_headers(ctx):
    """Copies the library's headers into the repository."""
    module = ctx.attr.targets.values()[0][0]
    variable = ctx.execute(["pkg-config", "--variable=includedir", module])
    top = variable.stdout.strip() + "/" + ctx.attr.header_root
    ctx.execute(["mkdir", "include"])
    copied = ctx.execute(["cp", "-RL", top, "include/"])
    if copied.return_code:
        fail("@{}: {}".format(ctx.name, copied.stderr))

def _own_headers(ctx, label):
    """Labels of the copied headers that belong to `label`."""
    package, _, name = label[2:].partition(":")
    headers = ctx.attr.headers.get(label, [name + ".h"])
    paths = ["include/{}/{}".format(package, header) for header in headers]
    return ["//:" + path for path in paths if ctx.path(path).exists]

def _headers(ctx, label, include_dirs):
    """The attributes that say where a target's headers are."""
    if _is_strict(ctx):
        return struct(
            hdrs = repr(_own_headers(ctx, label)),
            deps = ["//:all_headers"],
            includes = [],
        )
    dirs = [_link_include_dir(ctx, d) for d in include_dirs]
    if dirs and not label.startswith("//:"):
        fail("{}: only the top package may have include directories".format(label))
    return struct(
        hdrs = "glob({})".format(repr([d + "/**" for d in dirs])) if dirs else "[]",
        deps = [],
        includes = dirs,
    )

def _target(ctx, label, modules):
    """The text of one cc_library."""
    flags = _ask(ctx, modules)
    headers = _headers(ctx, label, flags.include_dirs)
    links = ctx.attr.linkopts.get(label, [])
    if label not in ctx.attr.headers_only:
        links = links + flags.linkopts
    return _TARGET.format(
        name = repr(label.split(":")[-1]),
        hdrs = headers.hdrs,
        deps = repr(headers.deps),
        defines = repr(flags.defines),
        includes = repr(headers.includes),
        # pkg-config names all that a library's headers might need.
        linkopts = repr(["-Wl,--as-needed"] + links if links else []),
    )

def _full_label(label):
    """//absl/status is short for //absl/status:status."""
    return label if ":" in label else label + ":" + label.split("/")[-1]

def _pkg_config_repository_impl(ctx):
    packages = {}
    if _is_strict(ctx):
        _copy_headers(ctx)
        packages[""] = _PACKAGE_HEAD + _ALL_HEADERS
    for short, modules in ctx.attr.targets.items():
        label = _full_label(short)
        package = label[2:].split(":")[0]
        text = packages.get(package, _PACKAGE_HEAD)
        packages[package] = text + _target(ctx, label, modules)
    ctx.file("WORKSPACE", "workspace(name = \"{}\")\n".format(ctx.name))
    for package, text in packages.items():
        ctx.file((package + "/" if package else "") + "BUILD.bazel", text)

pkg_config_repository = repository_rule(
    implementation = _pkg_config_repository_impl,
    attrs = {
        "debian_package": attr.string(mandatory = True),
        "header_root": attr.string(),
        "headers": attr.string_list_dict(),
        "headers_only": attr.string_list(),
        "linkopts": attr.string_list_dict(),
        "targets": attr.string_list_dict(mandatory = True),
    },
    environ = ["PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", _STRICT],
    # Asked again whenever the Bazel server starts: packages get upgraded.
    local = True,
    doc = "Installed libraries under the labels of their own Bazel builds.",
)
