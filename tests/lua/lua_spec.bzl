"""How Lua specs become Bazel tests."""

def lua_spec(name, spec = None, data = [], size = "small", **kwargs):
    """The busted spec NAME.lua (or SPEC.lua), run by the interpreter of host.cc."""
    spec = (spec or name) + ".lua"
    native.sh_test(
        name = name,
        srcs = ["run.sh"],
        args = [
            "$(location :host)",
            "$(location run_busted.lua)",
            "$(location {})".format(spec),
        ],
        data = [
            ":host",
            "run_busted.lua",
            spec,
        ] + native.glob(["*support.lua"]) + data,
        size = size,
        **kwargs
    )
